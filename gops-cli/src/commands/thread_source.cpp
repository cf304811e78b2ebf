// SPDX-License-Identifier: MIT
// Asks an agent for the stacks of its threads.
#include "commands/thread_source.hpp"

#include "client/handshake.hpp"
#include "client/socket_waits.hpp"
#include "commands/stack_builder.hpp"
#include "commands/symbol_options.hpp"
#include "commands/target_options.hpp"

#include <utility>
#include <vector>

namespace xgops::cli {

Result<StackReport> thread_stacks(Target& target, const Deadline& deadline,
                                  const protocol::Stacks::Request& request,
                                  const SymbolOptions& symbols) {
  StackBuilder builder(symbols_of(target, symbols));
  auto asked = target.session.ask_parts<protocol::Stacks>(
      request, deadline, [&](protocol::Stacks::Response part) { builder.add(std::move(part)); });
  if (!asked) {
    return std::move(asked).error();
  }
  auto report = builder.finish(identity_of(target));
  if (report) {
    std::vector<protocol::ThreadFacts*> threads;
    for (ReportThread& thread : report->threads) {
      threads.push_back(&thread.facts);
    }
    name_sockets(proc::Table(), target.pid, threads);
  }
  return report;
}

}  // namespace xgops::cli
