// SPDX-License-Identifier: MIT
// All threads of this process, for who has no agent.
#pragma once

#include "leaks/look.hpp"

#include <cstddef>
#include <vector>

namespace xgops::leaks {

/// With the files that are mapped. What cannot be read is left out. The thread that reads them is
/// one of its own and not among them. Throws std::bad_alloc.
[[nodiscard]] std::vector<SeenThread> capture_threads(std::size_t max_frames,
                                                      std::vector<threads::Module>& modules);

}  // namespace xgops::leaks
