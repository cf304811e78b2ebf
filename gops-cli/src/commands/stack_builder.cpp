// SPDX-License-Identifier: MIT
// From the parts of a streamed answer to a report with names.
#include "commands/stack_builder.hpp"

#include "client/handshake.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace xgops::cli {

void StackBuilder::add(protocol::Stacks::Response part) {
  std::move(part.threads.begin(), part.threads.end(), std::back_inserter(threads_));
  report_.dropped = part.dropped;
  report_.truncated = part.truncated;
  report_.cost = part.cost;
  table_.add(std::move(part.modules), part.stacks);
}

Result<StackReport> StackBuilder::finish(ProcessIdentity process) {
  report_.process = std::move(process);
  std::sort(threads_.begin(), threads_.end(),
            [](const auto& a, const auto& b) { return a.facts.tid < b.facts.tid; });
  report_.threads.reserve(threads_.size());
  for (protocol::ThreadStack& thread : threads_) {
    ReportThread mine{std::move(thread.facts), thread.status, thread.method,
                      std::move(thread.reason), std::nullopt};
    if (thread.stack_id != 0) {
      mine.stack = table_.index_of(thread.stack_id);
      if (!mine.stack) {
        return bad_answer("thread " + std::to_string(mine.facts.tid) + " refers to no stack");
      }
    }
    report_.threads.push_back(std::move(mine));
  }
  auto table = table_.finish();
  if (!table) {
    return std::move(table).error();
  }
  report_.table = *std::move(table);
  return std::exchange(report_, {});
}

}  // namespace xgops::cli
