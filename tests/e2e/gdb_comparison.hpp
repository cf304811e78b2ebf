// SPDX-License-Identifier: MIT
// Runs compare_with_gdb.py on a target.
#pragma once

#include "support/command.hpp"
#include "support/json.hpp"
#include "support/target_process.hpp"

#include <sys/types.h>

namespace xgops::test {

struct GdbComparison {
  CommandResult command;
  Json document;  ///< See the script; discarded when it failed.
};

/// Takes up to `samples` dumps of the process `pid` (0: the target itself).
[[nodiscard]] GdbComparison compare_with_gdb(const TargetProcess& target, int samples,
                                             pid_t pid = 0);

}  // namespace xgops::test
