// SPDX-License-Identifier: MIT
// The lines and words of the kernel's tables.
#pragma once

#include <algorithm>
#include <string_view>

namespace xgops::cli::proc {

/// Takes the next word off `text`; words are separated by blanks.
inline std::string_view next_word(std::string_view& text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

/// Takes the next line off `text`.
inline std::string_view next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

}  // namespace xgops::cli::proc
