// SPDX-License-Identifier: MIT
// Asks an agent for its tasks.
#include "commands/task_source.hpp"

#include "commands/symbol_options.hpp"
#include "commands/tasks_builder.hpp"

#include <utility>

namespace xgops::cli {

Result<TaskTable> task_table(Target& target, const Deadline& deadline,
                             const protocol::Tasks::Request& request,
                             const SymbolOptions& symbols) {
  TasksBuilder builder(symbols_of(target, symbols));
  auto asked = target.session.ask_parts<protocol::Tasks>(
      request, deadline, [&](protocol::Tasks::Response part) { builder.add(std::move(part)); });
  if (!asked) {
    return std::move(asked).error();
  }
  return builder.finish();
}

}  // namespace xgops::cli
