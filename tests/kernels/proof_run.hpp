// SPDX-License-Identifier: MIT
// Runs entries and asks for a proof of who can never be woken.
#pragma once

#include "leaks.hpp"

#include <cstdint>
#include <string>

namespace kernels {

struct ProofCount {
  std::uint64_t proven = 0;
  std::uint64_t suspects = 0;
  std::string problem;  ///< Why there is no answer, or nothing is proven; empty: all was seen.
};

/// Of the tasks that the mistake leaves behind.
[[nodiscard]] ProofCount prove_mistake(const Entry& entry);

/// Of all tasks of the fixed twin, at some of its steps. What is proven then is a false alarm.
[[nodiscard]] ProofCount prove_twin(const Entry& entry);

}  // namespace kernels
