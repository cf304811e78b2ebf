// SPDX-License-Identifier: MIT
// Runs the command line tool inside the test.
#pragma once

#include "app.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace xgops::test {

struct CliResult {
  cli::ExitStatus status = cli::ExitStatus::kOk;
  std::string out;
  std::string err;
};

struct CliOptions {
  std::map<std::string, std::string> environment;  ///< All of it.
  bool terminal = false;                           ///< stdout is one.
  std::optional<uid_t> uid;                        ///< As whom; none: as we are.
};

/// Runs `xgops arguments...`, which looks for agents in `socket_directory` only.
[[nodiscard]] CliResult run_cli(const std::filesystem::path& socket_directory,
                                const std::vector<std::string>& arguments,
                                const CliOptions& options = {});

/// Places whose only socket directory is `socket_directory`.
[[nodiscard]] cli::Places test_places(const std::filesystem::path& socket_directory,
                                      const CliOptions& options = {});

}  // namespace xgops::test
