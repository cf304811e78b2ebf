// SPDX-License-Identifier: MIT
// Runs the command line tool inside the test.
#include "cli/support/run_cli.hpp"

#include <string_view>

#include <unistd.h>

namespace xgops::test {

cli::Places test_places(const std::filesystem::path& socket_directory, const CliOptions& options) {
  cli::Places places;
  places.run_user = "/nonexistent";
  places.temporary = "/nonexistent";
  places.uid = options.uid.value_or(::geteuid());
  auto environment = options.environment;
  environment["XGOPS_DIR"] = socket_directory;
  places.environment = [environment](std::string_view name) -> std::optional<std::string> {
    const auto found = environment.find(std::string(name));
    return found == environment.end() ? std::nullopt : std::optional<std::string>(found->second);
  };
  return places;
}

CliResult run_cli(const std::filesystem::path& socket_directory,
                  const std::vector<std::string>& arguments, const CliOptions& options) {
  CliResult result;
  cli::Terminal terminal;
  terminal.out_is_terminal = options.terminal;
  terminal.write_out = [&](std::string_view data) -> Result<void> {
    result.out += data;
    return {};
  };
  terminal.write_err = [&](std::string_view data) -> Result<void> {
    result.err += data;
    return {};
  };
  result.status = cli::run_app(arguments, test_places(socket_directory, options), terminal);
  return result;
}

}  // namespace xgops::test
