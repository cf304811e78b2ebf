// SPDX-License-Identifier: MIT
// Waits until what a leak check asks for has ended, or never will.
#pragma once

#include "leaks/leak_groups.hpp"
#include "tasks/leak_scopes.hpp"
#include "tasks/source.hpp"
#include "threads/capture.hpp"
#include "xgops/leak_check_abi.h"

#include <chrono>
#include <string>
#include <vector>

namespace xgops::leaks {

/// Which tasks and threads must have ended. Scope 0: all. Tasks of `kRunScope` there are none.
struct Subject {
  tasks::TaskSource source;
  tasks::LeakScope tasks = 0;
  tasks::LeakScope threads = 0;
};

struct Outcome {
  Leaks leaks;
  std::vector<std::string> notes;
  std::vector<threads::Module> modules;  ///< Where bare addresses lie.
  std::chrono::nanoseconds waited{0};
};

/// Looks with growing pauses until nothing is left, all that is left is blocked for good, or the
/// request's deadline. The request's scope is not used. Throws std::bad_alloc.
[[nodiscard]] Outcome settle(const Subject& subject, const xgops_leak_request& request,
                             Names::Addresses addresses);

}  // namespace xgops::leaks
