// SPDX-License-Identifier: MIT
// Leaks for people.
#pragma once

#include "leaks/leak_groups.hpp"

#include <string>

namespace xgops::leaks {

/// One sentence, and the stack below it.
[[nodiscard]] std::string text_of(const LeakGroup& group);

}  // namespace xgops::leaks
