// SPDX-License-Identifier: MIT
// What the completion scripts of all shells share.
#include "output/completion_parts.hpp"
#include "output/manual.hpp"

namespace xgops::cli {

/// Inside single quotes of a shell (for all three, a quote ends, escapes and reopens them).
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string joined_words(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    out += (out.empty() ? "" : " ") + word;
  }
  return out;
}

std::vector<OptionModel> options_of(const ProgramModel& program, const CommandModel& command) {
  std::vector<OptionModel> options = command.options;
  options.insert(options.end(), program.options.begin(), program.options.end());
  return options;
}

std::string completion_script(const ProgramModel& program, Shell shell) {
  switch (shell) {
    case Shell::kBash:
      return bash_completion(program);
    case Shell::kZsh:
      return zsh_completion(program);
    case Shell::kFish:
      return fish_completion(program);
  }
  return {};
}

}  // namespace xgops::cli
