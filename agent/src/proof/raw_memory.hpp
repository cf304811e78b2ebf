// SPDX-License-Identifier: MIT
// Words at addresses. For memory that is known to be mapped: in the child, or of our own.
#pragma once

#include <cstdint>
#include <cstring>

namespace xgops::proof {

[[nodiscard]] inline const void* memory_at(std::uint64_t address) noexcept {
  return reinterpret_cast<const void*>(address);  // NOLINT(performance-no-int-to-ptr)
}

template <class Word = std::uint64_t>
[[nodiscard]] inline Word word_at(std::uint64_t address) noexcept {
  Word word;
  std::memcpy(&word, memory_at(address), sizeof word);
  return word;
}

/// In the child, whose memory is a copy.
inline void set_word_at(std::uint64_t address, std::uint64_t word) noexcept {
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  std::memcpy(reinterpret_cast<void*>(address), &word, sizeof word);
}

}  // namespace xgops::proof
