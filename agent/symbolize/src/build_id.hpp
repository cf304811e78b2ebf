// SPDX-License-Identifier: MIT
// The bytes that a linker puts into a file to tell it from all others.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xgops::symbolize {

using BuildId = std::vector<std::uint8_t>;

[[nodiscard]] inline std::string to_hex(const BuildId& id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(id.size() * 2);
  for (const auto byte : id) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

/// Whether the two may name one file: an id that is not known contradicts nothing.
[[nodiscard]] inline bool compatible(const BuildId& left, const BuildId& right) {
  return left.empty() || right.empty() || left == right;
}

}  // namespace xgops::symbolize
