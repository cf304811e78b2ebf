// SPDX-License-Identifier: MIT
// An alarm for production: tasks of one kind become more and more.
//
//     const auto monitor = xgops::task_growth_monitor({}, [](const xgops::TaskGrowth& growth) {
//       log("{} -> {} tasks wait at {}:{}", growth.before, growth.now, growth.file, growth.line);
//     });
#pragma once

#include "xgops/task_growth_abi.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace xgops {

struct TaskGrowthOptions {
  std::chrono::nanoseconds interval = std::chrono::seconds(10);
  std::uint64_t threshold = 100;  ///< Growth by more than this between two samples is told.
};

/// Tasks with the same place of creation, wait and chain, of which there are more.
struct TaskGrowth {
  std::uint64_t before = 0;
  std::uint64_t now = 0;
  std::chrono::nanoseconds oldest{-1};  ///< Longest in its state; -1: not known.
  std::string state;                    ///< "channel receive"; "" when they do not wait.
  std::string function;                 ///< Where they are suspended; "" and 0: not known.
  std::string file;
  std::uint32_t line = 0;
  std::string created_file;  ///< Where they were created.
  std::uint32_t created_line = 0;
};

/// Samples until it is destroyed, which its callback must not do. False in a condition: it could
/// not be started.
class TaskGrowthMonitor {
 public:
  using Callback = std::function<void(const TaskGrowth&)>;

  TaskGrowthMonitor(const TaskGrowthOptions& options, Callback callback)
      : callback_(std::make_unique<Callback>(std::move(callback))) {
    xgops_growth_options raw{};
    raw.size = sizeof raw;
    raw.interval_ns = options.interval.count();
    raw.threshold = options.threshold;
    raw.on_growth = [](void* context, const xgops_growth* growth) {
      (*static_cast<Callback*>(context))(of(*growth));
    };
    raw.context = callback_.get();
    monitor_ = ::xgops_growth_begin(&raw);
  }
  ~TaskGrowthMonitor() { ::xgops_growth_end(monitor_); }
  TaskGrowthMonitor(TaskGrowthMonitor&& other) noexcept
      : callback_(std::move(other.callback_)), monitor_(std::exchange(other.monitor_, nullptr)) {}
  TaskGrowthMonitor& operator=(TaskGrowthMonitor&&) = delete;
  TaskGrowthMonitor(const TaskGrowthMonitor&) = delete;
  TaskGrowthMonitor& operator=(const TaskGrowthMonitor&) = delete;

  explicit operator bool() const noexcept { return monitor_ != nullptr; }

 private:
  static TaskGrowth of(const xgops_growth& raw) {
    TaskGrowth growth;
    growth.before = raw.before;
    growth.now = raw.now;
    growth.oldest = std::chrono::nanoseconds(raw.oldest_ns);
    growth.state = raw.state;
    growth.created_file = raw.created.file;
    growth.created_line = raw.created.line;
    if (raw.frame_count > 0) {
      growth.function = raw.frames[0].function;
      growth.file = raw.frames[0].file;
      growth.line = raw.frames[0].line;
    }
    return growth;
  }

  std::unique_ptr<Callback> callback_;
  void* monitor_ = nullptr;
};

/// Calls `callback`, which must not throw, on a thread of the monitor's own for each group of tasks
/// that has grown by more than the threshold since the sample before. Cost: a thread that sleeps,
/// and 0.2 us a task for each sample; no other thread is stopped.
[[nodiscard]] inline TaskGrowthMonitor task_growth_monitor(const TaskGrowthOptions& options,
                                                           TaskGrowthMonitor::Callback callback) {
  return {options, std::move(callback)};
}

}  // namespace xgops
