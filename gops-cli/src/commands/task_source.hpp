// SPDX-License-Identifier: MIT
// Asks an agent for its tasks: the same in every command.
#pragma once

#include "client/target.hpp"
#include "commands/stack_table_builder.hpp"
#include "report/tasks.hpp"
#include "xgops/protocol/messages/tasks.hpp"
#include "xgops/result.hpp"

namespace xgops::cli {

/// Errors: as of `Session::ask_parts` and `TasksBuilder::finish`.
[[nodiscard]] Result<TaskTable> task_table(Target& target, const Deadline& deadline,
                                           const protocol::Tasks::Request& request,
                                           const SymbolOptions& symbols = {});

}  // namespace xgops::cli
