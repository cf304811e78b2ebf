// SPDX-License-Identifier: MIT
// Starts the comparison with our build of the command.
#include "gdb_comparison.hpp"

#include "support/paths.hpp"

#include <chrono>
#include <string>

namespace xgops::test {

GdbComparison compare_with_gdb(const TargetProcess& target, int samples, pid_t pid) {
  Command command;
  command.arguments = {"python3",   source_path("tests/e2e/compare_with_gdb.py").string(),
                       "--xgops",   xgops_path().string(),
                       "--pid",     std::to_string(pid != 0 ? pid : target.pid()),
                       "--samples", std::to_string(samples)};
  command.environment = {{"XGOPS_DIR", target.socket_directory().string()},
                         {"DEBUGINFOD_URLS", std::nullopt},
                         {"PYTHONDONTWRITEBYTECODE", "1"}};
  constexpr std::chrono::seconds kPatience{90};
  GdbComparison comparison;
  comparison.command = run_command(command, kPatience);
  comparison.document = parse_json(comparison.command.out);
  return comparison;
}

}  // namespace xgops::test
