// SPDX-License-Identifier: MIT
// Where the build put the programs under test.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace xgops::test {

/// The command under test.
[[nodiscard]] std::filesystem::path xgops_path();
/// The agent that LD_PRELOAD loads.
[[nodiscard]] std::filesystem::path agent_path();
/// The program built from tests/targets/`name`.cpp.
[[nodiscard]] std::filesystem::path target_path(std::string_view name);
/// `relative` within the source tree.
[[nodiscard]] std::filesystem::path source_path(std::string_view relative);
/// The program `name` from $PATH (or the system directories, which a user's $PATH may lack).
[[nodiscard]] std::optional<std::filesystem::path> find_program(std::string_view name);

}  // namespace xgops::test
