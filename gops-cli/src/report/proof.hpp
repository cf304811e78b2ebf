// SPDX-License-Identifier: MIT
// What a proof says of waiting tasks, and what it took.
#pragma once

#include "report/site_group.hpp"
#include "xgops/protocol/messages/proof.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace xgops::cli {

/// The agent's answer, whole.
struct ProofAnswer {
  protocol::ProofEstimate estimate;
  protocol::ProofCosts costs;
  std::uint64_t limit_bytes = 0;  ///< Of memory to look through.
  std::string problem;            ///< Why there is no answer; else empty.
  std::vector<std::string> doubts;
  std::vector<protocol::TaskProof> tasks;
  std::uint64_t changed = 0;  ///< Tasks that went on, or ended, while they were looked at.
};

/// Tasks of one site of which the same is said, for the same reason.
struct ProofRow {
  SiteGroup group;
  protocol::TaskProof first;  ///< Of the first of them.
  bool blocked = false;       ///< Known to be blocked for good without a proof.
  std::string holder_name;    ///< Of the thread or task that leads to it; untrusted.
  std::string module;         ///< That has the variable which leads to it.
  std::uint64_t offset = 0;   ///< In that module.
};

struct ProofSummary {
  protocol::ProofEstimate estimate;
  protocol::ProofCosts costs;
  std::uint64_t limit_bytes = 0;
  std::string problem;
  std::vector<std::string> doubts;  ///< Why nothing is proven.
  std::vector<ProofRow> rows;       ///< Those that are proven first.
  std::uint64_t proven = 0;
  std::uint64_t suspects = 0;
  std::uint64_t reachable = 0;
  std::uint64_t changed = 0;
};

}  // namespace xgops::cli
