// SPDX-License-Identifier: MIT
#include "commands/proof_source.hpp"

#include "client/handshake.hpp"
#include "support/duration.hpp"
#include "support/failure.hpp"

#include <iterator>
#include <string>
#include <utility>

namespace xgops::cli {
namespace {

protocol::Proof::Request proof_request(const ProofOptions& options) {
  protocol::Proof::Request request;
  request.memory_limit_bytes = options.memory_limit;
  request.ignore_headroom = options.ignore_cgroup;
  request.deadline_ms = static_cast<std::uint32_t>(options.timeout.count());
  return request;
}

}  // namespace

Result<protocol::Proof::Response> estimate_proof(Target& target, const Deadline& deadline,
                                                 const ProofOptions& options) {
  if (auto greeted = target.session.greet(deadline); !greeted) {
    return std::move(greeted).error();
  }
  if (auto able = check_capability(target.session.hello(), protocol::MessageType::kProof); !able) {
    return std::move(able).error();
  }
  protocol::Proof::Request request = proof_request(options);
  request.estimate_only = true;
  return target.session.ask<protocol::Proof>(request, deadline);
}

Notice announcement_of(const protocol::ProofEstimate& estimate, const ProofOptions& options) {
  std::string text =
      "a proof looks through " + size_text(estimate.scan_bytes) + " of memory, twice: each time " +
      (estimate.threads == 1 ? std::string("the only thread stands")
                             : std::to_string(estimate.threads) + " threads stand") +
      " still for about " + elapsed_text(estimate.pause_ns) + ", and a child process takes " +
      size_text(estimate.child_bytes) + ", at worst " + size_text(estimate.worst_bytes) +
      " if all memory changes meanwhile";
  std::string limits = "at most " + size_text(options.memory_limit) + " may be looked through";
  if (estimate.headroom_bytes >= 0) {
    limits +=
        "; control groups leave " + size_text(static_cast<std::uint64_t>(estimate.headroom_bytes));
  }
  return {std::move(text), std::move(limits)};
}

Result<void> check_allowed(const protocol::Proof::Response& estimate) {
  if (estimate.status == protocol::ProofStatus::kTooLarge) {
    return failure(Failure::kRefused, "refused: there are " + estimate.problem,
                   "`--memory-limit " +
                       std::to_string((estimate.estimate.scan_bytes >> 20U) * 5 / 4 + 1) +
                       "MiB` allows it");
  }
  if (estimate.status == protocol::ProofStatus::kNoRoom) {
    return failure(Failure::kRefused, "refused: " + estimate.problem,
                   "`--ignore-cgroup` does it all the same");
  }
  return {};
}

Result<ProofAnswer> take_proof(Target& target, const Deadline& deadline,
                               const ProofOptions& options) {
  ProofAnswer answer;
  answer.limit_bytes = options.memory_limit;
  protocol::Proof::Response last;
  auto asked = target.session.ask_parts<protocol::Proof>(
      proof_request(options), deadline, [&](protocol::Proof::Response part) {
        answer.tasks.insert(answer.tasks.end(), part.tasks.begin(), part.tasks.end());
        answer.estimate = part.estimate;
        answer.costs = part.costs;
        last.status = part.status;
        last.estimate = part.estimate;
        last.problem = part.problem;
        answer.problem = std::move(part.problem);
        answer.doubts = std::move(part.doubts);
        answer.changed = part.changed;
      });
  if (!asked) {
    return std::move(asked).error();
  }
  // What was allowed a moment ago may be too much by now.
  if (auto allowed = check_allowed(last); !allowed) {
    return std::move(allowed).error();
  }
  return answer;
}

}  // namespace xgops::cli
