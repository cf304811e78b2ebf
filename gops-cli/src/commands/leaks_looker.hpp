// SPDX-License-Identifier: MIT
// Looks at one process, however often: not at another one that has its PID by then.
#pragma once

#include "commands/command.hpp"
#include "commands/look_source.hpp"
#include "commands/proof_source.hpp"
#include "commands/target_options.hpp"
#include "findings/look.hpp"
#include "report/proof.hpp"
#include "xgops/result.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

namespace xgops::cli {

/// Errors of every method: as of `with_target`; `Failure::kNoProcess` when it is another process.
class LeaksLooker {
 public:
  LeaksLooker(Context& context, TargetOptions target, LookOptions looking)
      : context_(context), target_(std::move(target)), looking_(std::move(looking)) {}

  Result<Look> look();
  /// Says what a proof would cost, before it does. Errors: it may not be done, too.
  Result<void> announce_proof(const ProofOptions& options);
  Result<ProofAnswer> prove(const ProofOptions& options);

 private:
  /// Remembers the process, or compares it with the one remembered.
  Result<void> check_same(const Target& target);

  Context& context_;
  TargetOptions target_;
  LookOptions looking_;
  std::optional<std::array<std::uint8_t, 16>> instance_;
};

}  // namespace xgops::cli
