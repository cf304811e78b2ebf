// SPDX-License-Identifier: MIT
// Untrusted text on its way to a terminal or into a line-based format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace xgops::cli {

/// `text` with everything visible that could command a terminal, break a line or reorder what is
/// shown: control characters (C0, DEL, C1), Unicode line separators and bidirectional controls
/// become `\x1b` or `\u202e`; bytes that are not UTF-8 become `\xff`. Other text stays as it is.
[[nodiscard]] std::string escape(std::string_view text);

/// Columns that `text`, escaped before, takes on a terminal (one per code point).
[[nodiscard]] std::size_t columns_of(std::string_view text);

/// "0x1f"
[[nodiscard]] std::string hex_text(std::uint64_t value);

}  // namespace xgops::cli
