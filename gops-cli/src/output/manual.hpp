// SPDX-License-Identifier: MIT
// The command line described: help, man page, completion scripts. All from the same model. No I/O.
#pragma once

#include "report/command_model.hpp"

#include <cstdint>
#include <string>

namespace xgops::cli {

[[nodiscard]] std::string program_help(const ProgramModel& program);
[[nodiscard]] std::string command_help(const ProgramModel& program, const CommandModel& command);

/// xgops(1) in the man(7) macros.
[[nodiscard]] std::string man_page(const ProgramModel& program);

enum class Shell : std::uint8_t { kBash, kZsh, kFish };
[[nodiscard]] std::string completion_script(const ProgramModel& program, Shell shell);

struct ExitStatusText {
  int value;
  const char* meaning;
};
/// All exit statuses, for help and man page.
inline constexpr ExitStatusText kExitStatuses[] = {
    {0, "success"},
    {1, "there are findings (xgops diagnose, leaks, test)"},
    {2, "the target failed: no such process, no agent, no answer; or output could not be written"},
    {3, "this user may not inspect the target"},
    {4, "the report is printed but incomplete"},
    {64, "wrong usage"},
};

}  // namespace xgops::cli
