// SPDX-License-Identifier: MIT
#include "commands/thread_mapping.hpp"

#include <string>
#include <utility>

namespace xgops::commands {
namespace {

// One list of words on both sides: a new reason must be added to both, at the end.
#define XGOPS_SAME_REASON(name)                                                                    \
  static_assert(                                                                                   \
      static_cast<int>(threads::WaitReason::name) == static_cast<int>(protocol::WaitReason::name), \
      "the capture and the wire must list wait reasons in one order")
XGOPS_SAME_REASON(kUnknown);
XGOPS_SAME_REASON(kMutexLock);
XGOPS_SAME_REASON(kConditionWait);
XGOPS_SAME_REASON(kFuture);
XGOPS_SAME_REASON(kFutex);
XGOPS_SAME_REASON(kEpoll);
XGOPS_SAME_REASON(kSocketRead);
XGOPS_SAME_REASON(kFileLock);
XGOPS_SAME_REASON(kSignalWait);
XGOPS_SAME_REASON(kDisk);
XGOPS_SAME_REASON(kExited);
#undef XGOPS_SAME_REASON
static_assert(static_cast<int>(threads::WaitReason::kExited) ==
              static_cast<int>(protocol::WaitReason::kLast));
static_assert(static_cast<int>(threads::OwnerState::kExited) ==
              static_cast<int>(protocol::OwnerState::kLast));
static_assert(static_cast<int>(threads::StackStatus::kUnavailable) ==
              static_cast<int>(protocol::StackStatus::kLast));
static_assert(static_cast<int>(threads::StackMethod::kSelf) ==
              static_cast<int>(protocol::StackMethod::kLast));

protocol::Wait wait_to_wire(threads::Wait wait) {
  protocol::Wait wire;
  wire.reason = static_cast<protocol::WaitReason>(wait.reason);
  wire.owner_state = static_cast<protocol::OwnerState>(wait.owner_state);
  wire.inferred = wait.inferred;
  wire.owner_tid = wait.owner_tid;
  wire.readers = wait.readers;
  wire.object = wait.object;
  wire.fd = wait.fd;
  wire.timeout_ns = wait.timeout_ns;
  wire.timed = wait.timed;
  wire.system_call = wait.system_call;
  wire.detail = std::move(wait.detail);
  return wire;
}

}  // namespace

protocol::ThreadFacts to_wire(threads::ThreadFacts facts) {
  protocol::ThreadFacts wire;
  wire.tid = facts.tid;
  wire.name = std::move(facts.name);
  wire.state = facts.state;
  wire.is_agent = facts.is_agent;
  wire.cpu_ns = facts.cpu_ns;
  wire.state_age_ns = facts.state_age_ns;
  wire.wait = wait_to_wire(std::move(facts.wait));
  return wire;
}

protocol::ThreadStack to_wire(threads::ThreadStack thread) {
  protocol::ThreadStack wire;
  wire.facts = to_wire(std::move(thread.facts));
  wire.status = static_cast<protocol::StackStatus>(thread.status);
  wire.method = static_cast<protocol::StackMethod>(thread.method);
  wire.reason = std::move(thread.reason);
  wire.stack_id = thread.stack_id;
  return wire;
}

protocol::Module to_wire(threads::Module module) {
  protocol::Module wire;
  wire.id = module.id;
  wire.begin = module.begin;
  wire.end = module.end;
  wire.bias = module.bias;
  wire.path = std::move(module.path);
  wire.build_id = std::move(module.build_id);
  wire.deleted = module.deleted;
  return wire;
}

protocol::Stack to_wire(const threads::Stack& stack) {
  protocol::Stack wire;
  wire.id = stack.id;
  wire.truncated = stack.truncated;
  wire.frames.reserve(stack.frames.size());
  for (const threads::Frame& frame : stack.frames) {
    const int flags = (frame.exact_pointer ? protocol::kExactPointer : protocol::kPlainFrame) |
                      (frame.inferred ? protocol::kInferred : protocol::kPlainFrame);
    wire.frames.push_back({frame.instruction_pointer, static_cast<std::uint8_t>(flags)});
  }
  return wire;
}

protocol::Cost to_wire(const threads::CaptureSummary& summary,
                       std::chrono::steady_clock::time_point arrival) {
  const auto elapsed = std::chrono::steady_clock::now() - arrival;
  protocol::Cost wire;
  wire.elapsed_ns = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count());
  wire.cpu_ns = summary.cpu_ns;
  wire.interrupted = summary.interrupted;
  return wire;
}

std::size_t approximate_bytes(const protocol::ThreadFacts& facts) {
  constexpr std::size_t kFixedPart = 96;
  return kFixedPart + facts.name.size() + facts.wait.detail.size();
}

}  // namespace xgops::commands
