// SPDX-License-Identifier: MIT
// The tasks of this process, as xgops::visit_tasks shows them.
#pragma once

#include "xgops/tasks.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xgops::test {

struct SeenTask {
  struct Frame {
    std::string function;
    std::string file;
    std::uint32_t line = 0;
  };
  enum State : std::uint8_t { kCreated = 0, kReady = 1, kRunning = 2, kWaiting = 3 };

  std::uint64_t id = 0;
  std::uint64_t parent = 0;
  std::int32_t state = 0;
  std::int32_t tid = 0;
  std::string name;
  std::string labels;
  std::string wait;
  std::vector<Frame> frames;  ///< Innermost first.
  std::int64_t age_ns = 0;
  std::uint32_t resumed = 0;

  /// "inner outer": the names of its functions.
  [[nodiscard]] std::string chain() const {
    std::string text;
    for (const Frame& frame : frames) {
      const std::string before = frame.function.substr(0, frame.function.find('('));
      text += (text.empty() ? "" : " ") + before.substr(before.find_last_of(": ") + 1);
    }
    return text;
  }
};

inline std::vector<SeenTask> seen_tasks() {
  std::vector<SeenTask> tasks;
  visit_tasks([&](const TaskView& view) {
    SeenTask task;
    task.id = view.id;
    task.parent = view.parent;
    task.state = view.state;
    task.tid = view.tid;
    task.name = view.name;
    task.labels = view.labels;
    task.wait = view.wait;
    for (std::uint32_t i = 0; i < view.frame_count; ++i) {
      task.frames.push_back({view.frame_functions[i], view.frame_files[i], view.frame_lines[i]});
    }
    task.age_ns = view.age_ns;
    task.resumed = view.resumed;
    tasks.push_back(task);
  });
  return tasks;
}

inline std::optional<SeenTask> seen_task(std::uint64_t id) {
  for (SeenTask& task : seen_tasks()) {
    if (task.id == id) {
      return std::move(task);
    }
  }
  return std::nullopt;
}

}  // namespace xgops::test
