// SPDX-License-Identifier: MIT
// What a proof of tasks says of a look that was taken after it.
#pragma once

#include "findings/look.hpp"
#include "report/findings.hpp"
#include "report/proof.hpp"

#include <cstdint>
#include <vector>

namespace xgops::cli {

/// Leaves out verdicts of tasks that have gone on since, or ended. Should one of those have gone on
/// that nobody could wake, then the program keeps pointers where they are not seen, and nothing is
/// proven.
void keep_what_still_holds(const Look& look, ProofAnswer& answer);

/// Marks what is proven, unless there is stronger evidence. `evidence` has an entry for each thread
/// of the look, then for each task.
void add_proofs(const Look& look, const ProofAnswer& answer, std::vector<Evidence>& evidence);

/// The verdicts by site. `evidence` is what is known without a proof.
[[nodiscard]] ProofSummary summarize(const Look& look, const ProofAnswer& answer,
                                     const std::vector<Evidence>& evidence);

}  // namespace xgops::cli
