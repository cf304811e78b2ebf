// SPDX-License-Identifier: MIT
// How a fuzz target says that it found something.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace xgops::fuzz {

/// Ends the program, so that libFuzzer keeps the input, unless `holds`.
inline void require(bool holds, const char* invariant) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", invariant);
    std::abort();
  }
}

}  // namespace xgops::fuzz
