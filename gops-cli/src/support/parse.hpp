// SPDX-License-Identifier: MIT
// Text to integers, strictly: the whole text or nothing.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace xgops::cli {

template <class Integer>
[[nodiscard]] std::optional<Integer> parse_integer(std::string_view text, int base = 10) {
  Integer value{};
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value, base);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != end) {
    return std::nullopt;
  }
  return value;
}

}  // namespace xgops::cli
