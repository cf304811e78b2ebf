// SPDX-License-Identifier: MIT
// Fixed-width integers as the wire has them: little-endian, on every host.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace xgops::protocol {

/// Writes the `sizeof(T)` bytes of `value` to `out`.
template <std::integral T>
constexpr void store_little_endian(T value, std::byte* out) noexcept {
  // Compilers turn the loop into one store; sign extension above sizeof(T) is cut off.
  const auto bits = std::uint64_t{static_cast<std::make_unsigned_t<T>>(value)};
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    out[i] = static_cast<std::byte>((bits >> (8 * i)) & 0xffU);
  }
}

/// The integer in the `sizeof(T)` bytes at `in`.
template <std::integral T>
[[nodiscard]] constexpr T load_little_endian(const std::byte* in) noexcept {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    bits |= std::to_integer<std::uint64_t>(in[i]) << (8 * i);
  }
  return static_cast<T>(bits);
}

}  // namespace xgops::protocol
