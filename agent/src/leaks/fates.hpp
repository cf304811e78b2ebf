// SPDX-License-Identifier: MIT
// What will become of the tasks and threads of a look.
#pragma once

#include "leaks/look.hpp"
#include "tasks/registry.hpp"

#include <string>
#include <vector>

namespace xgops::leaks {

/// Why nobody can end a wait any more; "" for one that may end.
struct Fates {
  std::vector<std::string> tasks;    ///< By index into `Look::tasks`.
  std::vector<std::string> threads;  ///< By index into `Look::threads`.
};

/// Judges by who holds what is waited for: cycles, holders that are gone, waits that were sealed
/// when nobody was left. A wait for time, for the outside world or for something of which nothing
/// is known may end. `registry`: that of the tasks. Throws std::bad_alloc. Cost: 0.2 us a task.
[[nodiscard]] Fates judge(const Look& look, const tasks::Registry& registry);

}  // namespace xgops::leaks
