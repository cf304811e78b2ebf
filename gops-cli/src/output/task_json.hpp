// SPDX-License-Identifier: MIT
// Tasks and stacks as JSON, for every report that has some.
#pragma once

#include "output/json_parts.hpp"
#include "report/stack_table.hpp"
#include "report/tasks.hpp"

namespace xgops::cli {

/// The frames of a thread or of a creation stack.
[[nodiscard]] Json frames_array(const StackTable& table, const ReportStack& stack);

/// Everything that is known of one task.
[[nodiscard]] Json task_object(const TaskTable& table, const protocol::Task& task);
/// The same of the task that waits for longest, with `count`, `ids` and `youngest_age_ns`.
[[nodiscard]] Json task_group_object(const TaskTable& table, const protocol::TaskGroup& group);

/// `total`, `running`, `dropped`, `truncated` and `cost`.
[[nodiscard]] Json task_totals(const TaskTable& table);

}  // namespace xgops::cli
