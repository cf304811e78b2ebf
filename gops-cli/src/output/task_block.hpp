// SPDX-License-Identifier: MIT
// A task, or a group of equal ones, as lines in the manner of a Go traceback.
#pragma once

#include "output/frame_text.hpp"
#include "output/style.hpp"
#include "report/tasks.hpp"

#include <cstdint>
#include <string>

namespace xgops::cli {

/// "19, 23, 40", and of a group that has more "19, 23, 332 more".
[[nodiscard]] std::string task_ids_text(const protocol::TaskGroup& group);
/// "3 s", of a group "3 s to 10 s"; empty: not known.
[[nodiscard]] std::string task_age_text(const protocol::TaskGroup& group);
/// `group` with one task.
[[nodiscard]] protocol::TaskGroup group_of_one(const protocol::Task& task);

/// `task 19 "name"` or `3 tasks 19, 23, 40 "name"`
[[nodiscard]] std::string task_title(const TaskTable& table, const protocol::TaskGroup& group);
/// `socket receive fd 12 ..., held by task 7, 3 s`
[[nodiscard]] std::string task_reason_text(const TaskTable& table,
                                           const protocol::TaskGroup& group);

class TaskBlocks {
 public:
  TaskBlocks(const TaskTable& table, const Style& style);

  /// Header, frames and place of creation, ended by an empty line.
  [[nodiscard]] std::string lines_of(const protocol::TaskGroup& group) const;

 private:
  [[nodiscard]] std::string header(const protocol::TaskGroup& group) const;
  [[nodiscard]] std::string frames(const protocol::Task& task) const;
  [[nodiscard]] std::string creation(const protocol::Task& task) const;

  const TaskTable& table_;
  Style style_;
  FrameText frame_text_;
  FrameText running_text_;
};

}  // namespace xgops::cli
