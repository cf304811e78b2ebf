// SPDX-License-Identifier: MIT
// Asks an agent for the stacks of its threads: the same in every command.
#pragma once

#include "client/target.hpp"
#include "commands/stack_table_builder.hpp"
#include "report/stack.hpp"
#include "xgops/protocol/messages/stacks.hpp"
#include "xgops/result.hpp"

namespace xgops::cli {

/// Errors: as of `Session::ask_parts` and `StackBuilder::finish`.
[[nodiscard]] Result<StackReport> thread_stacks(Target& target, const Deadline& deadline,
                                                const protocol::Stacks::Request& request,
                                                const SymbolOptions& symbols);

}  // namespace xgops::cli
