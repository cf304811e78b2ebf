// SPDX-License-Identifier: MIT
// Asks an agent which waiting tasks nobody can ever wake.
#pragma once

#include "client/target.hpp"
#include "report/proof.hpp"
#include "report/report.hpp"
#include "support/deadline.hpp"
#include "xgops/protocol/header.hpp"
#include "xgops/protocol/messages/proof.hpp"
#include "xgops/result.hpp"

#include <chrono>
#include <cstdint>

namespace xgops::cli {

struct ProofOptions {
  std::uint64_t memory_limit = protocol::kDefaultProofBytes;
  bool ignore_cgroup = false;
  std::chrono::milliseconds timeout = protocol::kMaxDeadline;  ///< For the agent.
};

/// What a proof would cost; nothing is stopped.
/// Errors: as of `Session::ask` and `check_capability`.
[[nodiscard]] Result<protocol::Proof::Response> estimate_proof(Target& target,
                                                               const Deadline& deadline,
                                                               const ProofOptions& options);

/// The same for people, before anything happens.
[[nodiscard]] Notice announcement_of(const protocol::ProofEstimate& estimate,
                                     const ProofOptions& options);

/// Whether the agent would do it.
/// Errors: `Failure::kRefused`, with the option that allows it.
[[nodiscard]] Result<void> check_allowed(const protocol::Proof::Response& estimate);

/// Stops all threads of the target, some times.
/// Errors: as of `Session::ask_parts`. Where there is no answer, `ProofAnswer::problem` says why.
[[nodiscard]] Result<ProofAnswer> take_proof(Target& target, const Deadline& deadline,
                                             const ProofOptions& options);

}  // namespace xgops::cli
