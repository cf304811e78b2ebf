// SPDX-License-Identifier: MIT
// Why there is no proof, in words.
#pragma once

#include "proof/snapshot_child.hpp"

#include <cstdint>
#include <string>

#include <sys/types.h>

namespace xgops::proof {

/// Of one bit of `Doubt`. `thread`: one that could not be stopped.
[[nodiscard]] std::string doubt_sentence(std::uint32_t doubt, pid_t thread);
/// Of a `HeapFault`.
[[nodiscard]] std::string heap_problem(std::uint32_t fault);
/// `signal`: that ended the child; 0: none did.
[[nodiscard]] std::string child_problem(ChildOutcome outcome, int signal = 0);

}  // namespace xgops::proof
