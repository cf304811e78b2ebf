// SPDX-License-Identifier: MIT
// What `xgops pending` found.
#pragma once

#include "report/process.hpp"
#include "report/tasks.hpp"
#include "xgops/protocol/messages/tasks.hpp"

#include <cstdint>
#include <vector>

namespace xgops::cli {

struct PendingReport {
  ProcessIdentity process;
  TaskTable tasks;  ///< Those that wait for an operation, longest first.
  /// Operations with a callback, longest first, as tasks without an id.
  TaskTable callbacks;
  std::vector<std::uint64_t> contexts;  ///< Of each callback: the address of its execution context.
  std::uint64_t unrecorded = 0;         ///< Operations for which the agent had no room.
};

}  // namespace xgops::cli
