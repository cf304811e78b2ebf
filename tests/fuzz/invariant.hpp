// SPDX-License-Identifier: MIT
// How a fuzz target says that it found something.
#pragma once

#include <cstdlib>
#include <iostream>

namespace xgops::fuzz {

/// Ends the program, so that libFuzzer keeps the input, unless `holds`.
inline void require(bool holds, const char* invariant) {
  if (!holds) {
    std::cerr << "does not hold: " << invariant << std::endl;
    std::abort();
  }
}

}  // namespace xgops::fuzz
