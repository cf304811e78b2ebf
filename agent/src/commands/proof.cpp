// SPDX-License-Identifier: MIT
// Answers `Proof`: which waiting tasks nobody can ever wake.
#include "commands/cost_meter.hpp"
#include "commands/handlers.hpp"
#include "proof/prover.hpp"
#include "proof/stop.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace xgops::commands {
namespace {

using protocol::ProofHolder;
using protocol::ProofReason;
using protocol::ProofStatus;
using protocol::ProofVerdict;

constexpr std::size_t kTaskProofBytes = 27;

// One list of words on both sides.
#define XGOPS_SAME_HOLDER(name) \
  static_assert(static_cast<int>(proof::HolderKind::name) == static_cast<int>(ProofHolder::name))
XGOPS_SAME_HOLDER(kNothing);
XGOPS_SAME_HOLDER(kGlobal);
XGOPS_SAME_HOLDER(kStack);
XGOPS_SAME_HOLDER(kRegister);
XGOPS_SAME_HOLDER(kHeap);
XGOPS_SAME_HOLDER(kTask);
XGOPS_SAME_HOLDER(kMapping);
XGOPS_SAME_HOLDER(kKernel);
XGOPS_SAME_HOLDER(kLiveTask);
XGOPS_SAME_HOLDER(kUnknown);
#undef XGOPS_SAME_HOLDER
static_assert(static_cast<int>(proof::Verdict::kProven) == static_cast<int>(ProofVerdict::kProven));
static_assert(static_cast<int>(proof::Verdict::kSuspect) ==
              static_cast<int>(ProofVerdict::kSuspect));
static_assert(static_cast<int>(proof::Verdict::kReachable) ==
              static_cast<int>(ProofVerdict::kReachable));

ProofReason reason_of(const proof::TaskProof& task) {
  switch (task.reached) {
    case proof::Reached::kByNobody:
      return task.verdict == proof::Verdict::kProven ? ProofReason::kNone : ProofReason::kDoubt;
    case proof::Reached::kFrameOnly:
      return ProofReason::kFrameHeld;
    case proof::Reached::kFromOthersOnly:
      return ProofReason::kFromSuspects;
    case proof::Reached::kByProgram:
      break;
  }
  return ProofReason::kReached;
}

protocol::TaskProof wire_of(const proof::TaskProof& task) {
  return {task.id,
          task.resumed,
          static_cast<ProofVerdict>(task.verdict),
          reason_of(task),
          static_cast<ProofHolder>(task.holder.kind),
          task.holder.tid,
          task.holder.address};
}

std::string mebibytes(std::uint64_t bytes) {
  constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;
  return std::to_string((bytes + kMebibyte - 1) / kMebibyte) + " MiB";
}

/// Whether it may be done; `problem` says why not.
ProofStatus judge_request(const protocol::Proof::Request& request,
                          const protocol::ProofEstimate& estimate, std::string& problem) {
  const std::uint64_t limit =
      request.memory_limit_bytes != 0 ? request.memory_limit_bytes : protocol::kDefaultProofBytes;
  if (estimate.scan_bytes > limit) {
    problem = mebibytes(estimate.scan_bytes) + " to look through, more than the limit of " +
              mebibytes(limit);
    return ProofStatus::kTooLarge;
  }
  if (estimate.headroom_bytes >= 0 && !request.ignore_headroom &&
      estimate.worst_bytes > static_cast<std::uint64_t>(estimate.headroom_bytes)) {
    problem = "the copy takes " + mebibytes(estimate.worst_bytes) +
              " if the process changes all of its memory meanwhile, and its control groups leave " +
              std::to_string(estimate.headroom_bytes >> 20) + " MiB";
    return ProofStatus::kNoRoom;
  }
  return request.estimate_only ? ProofStatus::kEstimated : ProofStatus::kDone;
}

}  // namespace

Result<void> handle(AgentState& state, const protocol::Proof::Request& request,
                    Reply<protocol::Proof>& reply) {
  const CostMeter meter(reply.arrival());
  const proof::Prover prover(
      {.task_directory_fd = state.task_directory_fd,
       .signal = state.signal,
       .seccomp_filters = proof::seccomp_filters_at_start(state.seccomp_mode),
       .tasks = state.tasks});
  const proof::ProofEstimate estimate = prover.estimate();
  protocol::Proof::Response part;
  const auto left = state.process.memory_left();
  part.estimate = {estimate.scan_bytes,
                   estimate.pause_ns,
                   estimate.child_bytes,
                   estimate.worst_bytes,
                   left ? static_cast<std::int64_t>(*left) : -1,
                   estimate.threads};
  const auto finish = [&](ProofStatus status, std::string problem) -> Result<void> {
    part.status = status;
    part.problem = std::move(problem);
    part.cost = meter.cost();
    part.cost.interrupted = part.costs.stops * estimate.threads;
    reply.finish(part);
    return {};
  };
  std::string why_not;
  const ProofStatus status = judge_request(request, part.estimate, why_not);
  if (status != ProofStatus::kDone) {
    return finish(status, std::move(why_not));
  }
  reply.emit(part);

  proof::ProofReport report =
      prover.prove(reply.deadline(), [&reply] { return reply.cancelled(); });
  for (const proof::TaskProof& task : report.tasks) {
    part.tasks.push_back(wire_of(task));
    if (part.tasks.size() * kTaskProofBytes >= protocol::kReplyChunkBytes) {
      reply.emit(part);
      part.tasks.clear();
    }
  }
  part.doubts = std::move(report.doubts);
  part.live_tasks = report.live_tasks;
  part.changed = report.changed;
  part.costs = {report.costs.longest_pause_ns, report.costs.pause_ns,    report.costs.total_ns,
                report.costs.scanned_bytes,    report.costs.child_bytes, report.costs.stops};
  return finish(report.problem.empty() ? ProofStatus::kDone : ProofStatus::kFailed,
                std::move(report.problem));
}

}  // namespace xgops::commands
