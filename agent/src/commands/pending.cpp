// SPDX-License-Identifier: MIT
// Answers `Pending`: asynchronous operations with a callback.
#include "commands/cost_meter.hpp"
#include "commands/handlers.hpp"
#include "commands/wait_mapping.hpp"
#include "tasks/snapshot.hpp"

#include <chrono>

namespace xgops::commands {
namespace {

constexpr std::size_t kOperationBytes = 30;

}  // namespace

Result<void> handle(AgentState& state, const protocol::Pending::Request& /*request*/,
                    Reply<protocol::Pending>& reply) {
  const CostMeter meter(reply.arrival());
  WaitMapper waits(state);
  TextTable texts;
  protocol::Pending::Response part;
  std::size_t sent_bytes = 0;
  bool is_late = false;
  const std::uint32_t now = detail::coarse_ticks();
  state.tasks.pending->visit([&](const tasks::PendingOperation& operation) {
    is_late = is_late || std::chrono::steady_clock::now() >= reply.deadline();
    if (is_late) {
      return;
    }
    const WireWait wait =
        waits.to_wire(operation.operation, operation.argument_kind, operation.argument);
    part.operations.push_back({wait.reason, wait.argument_kind, wait.argument, operation.context,
                               tasks::age_between(operation.since, now),
                               texts.id_of(wait.detail, part.texts)});
    if (part.operations.size() * kOperationBytes + texts.bytes() - sent_bytes >=
        protocol::kReplyChunkBytes) {
      reply.emit(part);
      part = {};
      sent_bytes = texts.bytes();
    }
  });
  part.unrecorded = state.tasks.pending->unrecorded();
  part.truncated = is_late;
  part.cost = meter.cost();
  reply.finish(part);
  return {};
}

}  // namespace xgops::commands
