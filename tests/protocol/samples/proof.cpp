// SPDX-License-Identifier: MIT
// Examples of asking which tasks nobody can wake.
#include "xgops/protocol/messages/proof.hpp"

#include "samples/sample.hpp"

namespace xgops::test {

using protocol::Proof;
using protocol::ProofHolder;
using protocol::ProofReason;
using protocol::ProofStatus;
using protocol::ProofVerdict;

template <>
Proof::Request sample() {
  Proof::Request request;
  request.estimate_only = true;
  request.ignore_headroom = true;
  request.memory_limit_bytes = std::uint64_t{8} << 30;
  request.deadline_ms = 30'000;
  return request;
}

template <>
Proof::Response sample() {
  Proof::Response response;
  response.estimate = {52'428'800, 1'900'000, 5'242'880, 57'671'680, 3'221'225'472, 12};
  response.tasks = {{17, 3, ProofVerdict::kProven, ProofReason::kNone, ProofHolder::kNothing, 0, 0},
                    {19, 1, ProofVerdict::kSuspect, ProofReason::kFrameHeld, ProofHolder::kStack,
                     4711, 0x7ffe'1234'5678}};
  response.status = ProofStatus::kFailed;
  response.problem = "the deadline came first";
  response.doubts = {"the process's timers cannot be read"};
  response.live_tasks = 23'074;
  response.changed = 3;
  response.costs = {1'200'000, 2'300'000, 190'000'000, 104'857'600, 4'300'800, 2};
  response.cost.elapsed_ns = 191'000'000;
  response.cost.cpu_ns = 2'900'000;
  response.cost.interrupted = 24;
  return response;
}

}  // namespace xgops::test
