// SPDX-License-Identifier: MIT
// DUMP ZONE: see system.hpp for the rules.
// Taking the text files of /proc apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace xgops::dump {

/// Takes the next word off `text`: up to a blank, tab or newline.
inline std::string_view next_word(std::string_view& text) noexcept {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\n'; };
  std::size_t begin = 0;
  while (begin < text.size() && is_blank(text[begin])) {
    ++begin;
  }
  std::size_t end = begin;
  while (end < text.size() && !is_blank(text[end])) {
    ++end;
  }
  const std::string_view word(text.data() + begin, end - begin);
  text = {text.data() + end, text.size() - end};
  return word;
}

/// False: `word` is no number of this base (10 or 16, perhaps with 0x), or does not fit.
inline bool parse_number(std::string_view word, unsigned base, std::uint64_t& value) noexcept {
  if (base == 16 && word.size() > 2 && word[0] == '0' && word[1] == 'x') {
    word.remove_prefix(2);
  }
  value = 0;
  for (const char c : word) {
    const unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                           : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a') + 10
                                                  : 99;
    if (digit >= base || value > (~std::uint64_t{0} - digit) / base) {
      return false;
    }
    value = value * base + digit;
  }
  return !word.empty();
}

/// The position of `part`; `npos` when it is not there.
inline std::size_t find_part(std::string_view text, std::string_view part) noexcept {
  for (std::size_t at = 0; at + part.size() <= text.size(); ++at) {
    if (std::string_view(text.data() + at, part.size()) == part) {
      return at;
    }
  }
  return std::string_view::npos;
}

}  // namespace xgops::dump
