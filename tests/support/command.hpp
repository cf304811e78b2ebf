// SPDX-License-Identifier: MIT
// Running a program to its end.
#pragma once

#include "support/child_process.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace xgops::test {

struct Command {
  std::vector<std::string> arguments;  ///< The first is the program; searched in $PATH.
  Environment environment = {};
  std::filesystem::path working_directory = {};  ///< Empty: ours.
  std::string input = {};                        ///< On stdin, then end of file.
};

struct CommandResult {
  int status = -1;  ///< 128 + N when signal N killed it.
  bool timed_out = false;
  std::string out;
  std::string err;
};

inline constexpr std::chrono::seconds kCommandDeadline{30};

/// Runs `command`; kills it at the deadline. Throws `std::system_error` when it cannot be started.
[[nodiscard]] CommandResult run_command(const Command& command,
                                        std::chrono::milliseconds deadline = kCommandDeadline);

/// Runs `xgops arguments...` which looks for agents in `socket_directory` only.
[[nodiscard]] CommandResult run_xgops(const std::filesystem::path& socket_directory,
                                      std::vector<std::string> arguments,
                                      const Environment& environment = {},
                                      std::chrono::milliseconds deadline = kCommandDeadline);

/// For assertion messages: status, stdout and stderr.
[[nodiscard]] std::string describe(const CommandResult& result);

}  // namespace xgops::test
