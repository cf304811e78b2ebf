// SPDX-License-Identifier: MIT
// Of tasks that run: which part of their thread's stack is theirs.
#pragma once

#include "report/stack.hpp"
#include "report/tasks.hpp"

#include <cstdint>
#include <set>

namespace xgops::cli {

/// The threads of tasks that run, where it is known what these execute.
[[nodiscard]] std::set<std::int32_t> running_threads(const TaskTable& table);

/// Fills in `TaskTable::running_stacks`: the frames of each thread down to the coroutine that it
/// runs for its task. A task of which the thread shows no sign, as it went on meanwhile, gets none.
void add_running_stacks(TaskTable& table, const StackReport& stacks);

}  // namespace xgops::cli
