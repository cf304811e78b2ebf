// SPDX-License-Identifier: MIT
// Ends a test that hangs, after it has shown where.
#pragma once

#include <chrono>

namespace xgops::leaks {

/// How long a look at what hangs may take, names included. Our own tests have less.
inline constinit std::chrono::seconds hang_patience{20};

}  // namespace xgops::leaks
