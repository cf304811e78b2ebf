// SPDX-License-Identifier: MIT
// What a proof says, in words.
#pragma once

#include "output/style.hpp"
#include "report/leaks.hpp"
#include "report/proof.hpp"

#include <string>

namespace xgops::cli {

/// "proven", "suspect", "reachable".
[[nodiscard]] const char* verdict_id(protocol::ProofVerdict verdict);

/// What keeps tasks from being proven lost, escaped: `a global variable (server+0x4060) has its
/// frame, ...`. Of proven ones what that means.
[[nodiscard]] std::string proof_story(const ProofRow& row);

/// A line for each group that is suspect, and for each that can be reached if it is among those
/// shown; then why nothing is proven, and what the proof came to and did cost.
[[nodiscard]] std::string proof_lines(const LeaksReport& report, const Style& style);

}  // namespace xgops::cli
