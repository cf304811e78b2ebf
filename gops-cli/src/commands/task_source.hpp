// SPDX-License-Identifier: MIT
// Asks an agent for its tasks: the same in every command.
#pragma once

#include "client/target.hpp"
#include "commands/stack_table_builder.hpp"
#include "report/tasks.hpp"
#include "xgops/protocol/messages/stacks.hpp"
#include "xgops/protocol/messages/tasks.hpp"
#include "xgops/result.hpp"

namespace xgops::cli {

/// Errors: as of `Session::ask_parts` and `TasksBuilder::finish`.
[[nodiscard]] Result<TaskTable> task_table(Target& target, const Deadline& deadline,
                                           const protocol::Tasks::Request& request,
                                           const SymbolOptions& symbols = {});

/// For tasks that run, asks for the stacks of their threads: see `add_running_stacks`. One thread
/// or all of them, in place of `request.tid`. Errors: as of `thread_stacks`.
[[nodiscard]] Result<void> ask_running_stacks(Target& target, const Deadline& deadline,
                                              protocol::Stacks::Request request,
                                              const SymbolOptions& symbols, TaskTable& table);

}  // namespace xgops::cli
