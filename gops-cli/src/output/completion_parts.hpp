// SPDX-License-Identifier: MIT
// What the completion scripts of all shells share. All of them ask `xgops list --format tsv` for
// live processes; names in it are untrusted and must never be evaluated by the shell.
#pragma once

#include "report/command_model.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace xgops::cli {

[[nodiscard]] std::string bash_completion(const ProgramModel& program);
[[nodiscard]] std::string zsh_completion(const ProgramModel& program);
[[nodiscard]] std::string fish_completion(const ProgramModel& program);

/// In single quotes, for any of the shells.
[[nodiscard]] std::string shell_quoted(std::string_view text);
/// Separated by blanks.
[[nodiscard]] std::string joined_words(const std::vector<std::string>& words);
/// The command's own options and those of every command.
[[nodiscard]] std::vector<OptionModel> options_of(const ProgramModel& program,
                                                  const CommandModel& command);

}  // namespace xgops::cli
