// SPDX-License-Identifier: MIT
// Asks an agent for its tasks.
#include "commands/task_source.hpp"

#include "commands/running_stacks.hpp"
#include "commands/symbol_options.hpp"
#include "commands/tasks_builder.hpp"
#include "commands/thread_source.hpp"

#include <set>
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

Result<void> ask_running_stacks(Target& target, const Deadline& deadline,
                                protocol::Stacks::Request request, const SymbolOptions& symbols,
                                TaskTable& table) {
  const std::set<std::int32_t> threads = running_threads(table);
  if (threads.empty()) {
    return {};
  }
  request.tid = threads.size() == 1 ? *threads.begin() : 0;
  auto stacks = thread_stacks(target, deadline, request, symbols);
  if (!stacks) {
    // The one thread may have ended meanwhile.
    return request.tid != 0 ? Result<void>() : std::move(stacks).error();
  }
  add_running_stacks(table, *stacks);
  return {};
}

}  // namespace xgops::cli
