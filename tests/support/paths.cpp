// SPDX-License-Identifier: MIT
// Paths fixed at build time, and a search in $PATH.
#include "support/paths.hpp"

#include <cstdlib>
#include <sstream>
#include <string>

#include <unistd.h>

namespace xgops::test {

std::filesystem::path xgops_path() {
  return XGOPS_CLI_PATH;
}

std::filesystem::path agent_path() {
  return XGOPS_AGENT_PATH;
}

std::filesystem::path target_path(std::string_view name) {
  return std::filesystem::path(XGOPS_TARGETS_PATH) / name;
}

std::filesystem::path source_path(std::string_view relative) {
  return std::filesystem::path(XGOPS_SOURCE_PATH) / relative;
}

std::optional<std::filesystem::path> find_program(std::string_view name) {
  const char* search = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nobody sets it.
  std::istringstream directories(std::string(search != nullptr ? search : "") +
                                 ":/usr/bin:/usr/sbin:/bin:/sbin");
  for (std::string directory; std::getline(directories, directory, ':');) {
    const auto candidate = std::filesystem::path(directory) / name;
    if (!directory.empty() && ::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
  }
  return std::nullopt;
}

}  // namespace xgops::test
