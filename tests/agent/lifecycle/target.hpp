// SPDX-License-Identifier: MIT
// What the target can do. Nothing here knows of xgops.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace target {

struct Command {
  const char* name;
  std::string (*run)(const std::string& argument);
};

/// Forks, executes, ends.
extern const std::span<const Command> kProcessCommands;
/// Changes what the process may do and what it has open.
extern const std::span<const Command> kSystemCommands;

/// Makes system calls fail with EPERM from now on, in this thread and those that it starts, or in
/// all threads of the process.
void deny(const std::vector<std::string>& calls, bool in_all_threads);

}  // namespace target
