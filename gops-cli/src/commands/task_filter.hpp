// SPDX-License-Identifier: MIT
// Which tasks are meant, and in which order.
#pragma once

#include "report/tasks.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace xgops::cli {

enum class TaskSort : std::uint8_t {
  kAge,      ///< Those that wait longest first.
  kResumed,  ///< Those that were resumed most often first.
  kSite,     ///< By place of creation, then by age.
};

/// A task has to fit all that is given.
struct TaskFilter {
  std::optional<protocol::TaskState> state;
  std::string wait;  ///< A part of what it waits for, in words or as the JSON has it.
  std::string name;  ///< A shell pattern.
  std::string site;  ///< A part of `file:line` or function of its creation or of a frame.
  std::chrono::milliseconds older{0};
};

/// Keeps the tasks that fit and returns how many. Cost: one look at each task; texts, places and
/// chains are compared once each, however many tasks refer to them.
std::size_t keep_matching(TaskTable& table, const TaskFilter& filter);

/// Sorts, and keeps the first `limit` tasks; 0: all.
void sort_tasks(TaskTable& table, TaskSort order, std::size_t limit);
/// Tasks and groups, each by the time in their state.
void longest_first(TaskTable& table);

}  // namespace xgops::cli
