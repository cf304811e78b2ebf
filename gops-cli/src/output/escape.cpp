// SPDX-License-Identifier: MIT
// Untrusted text on its way to a terminal or into a line-based format.
#include "output/escape.hpp"

#include <array>
#include <charconv>
#include <optional>

namespace xgops::cli {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 1;
};

/// The code point at the start of `text`; nothing when it is not well-formed UTF-8.
std::optional<CodePoint> decode_utf8(std::string_view text) {
  const auto byte = [&](std::size_t index) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[index]));
  };
  const std::uint32_t first = byte(0);
  if (first < 0x80) {
    return CodePoint{first, 1};
  }
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < bytes) {
    return std::nullopt;
  }
  std::uint32_t value = first & (0xffU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) {
      return std::nullopt;
    }
    value = value << 6U | (byte(i) & 0x3fU);
  }
  constexpr std::array<std::uint32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest.at(bytes) || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
    return std::nullopt;
  }
  return CodePoint{value, bytes};
}

bool is_harmful(std::uint32_t value) {
  return value < 0x20 || (value >= 0x7f && value <= 0x9f) ||  // C0, DEL, C1
         (value >= 0x200b && value <= 0x200f) ||              // zero width, direction marks
         (value >= 0x2028 && value <= 0x202e) ||              // separators, embeddings
         (value >= 0x2060 && value <= 0x206f) || value == 0x061c || value == 0xfeff;
}

void append_escape(std::string& out, std::uint32_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const bool wide = value > 0xff;
  out += wide ? "\\u" : "\\x";
  for (int shift = wide ? 12 : 4; shift >= 0; shift -= 4) {
    out += kDigits[(value >> static_cast<unsigned>(shift)) & 0xfU];
  }
}

bool is_plain_ascii(std::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) {  // Bytes of UTF-8 are on one side or the other.
      return false;
    }
  }
  return true;
}

}  // namespace

std::string escape(std::string_view text) {
  if (is_plain_ascii(text)) {
    return std::string(text);
  }
  std::string out;
  out.reserve(text.size() + 8);
  while (!text.empty()) {
    const auto point = decode_utf8(text);
    if (!point) {
      append_escape(out, static_cast<unsigned char>(text.front()));
      text.remove_prefix(1);
      continue;
    }
    if (is_harmful(point->value)) {
      append_escape(out, point->value);
    } else {
      out += text.substr(0, point->bytes);
    }
    text.remove_prefix(point->bytes);
  }
  return out;
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (const char c : text) {
    columns += (static_cast<unsigned char>(c) & 0xc0U) != 0x80U ? 1 : 0;
  }
  return columns;
}

std::string hex_text(std::uint64_t value) {
  std::array<char, 18> buffer{'0', 'x'};
  const auto end = std::to_chars(buffer.data() + 2, buffer.data() + buffer.size(), value, 16);
  return {buffer.data(), end.ptr};
}

}  // namespace xgops::cli
