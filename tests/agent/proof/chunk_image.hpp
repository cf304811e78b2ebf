// SPDX-License-Identifier: MIT
// A heap of glibc's malloc made by hand.
#pragma once

#include "proof/heap_blocks.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace xgops::test {

/// Chunks one behind the other in memory of its own.
class ChunkImage {
 public:
  static constexpr std::size_t kBytes = std::size_t{512} << 10;

  /// A chunk of so many bytes, the header included. Returns the address of its block.
  std::uint64_t add(std::uint64_t bytes, bool in_use = true) {
    const std::uint64_t chunk = begin() + used_;
    set(chunk + 8, bytes | (previous_in_use_ ? 1U : 0U));
    previous_in_use_ = in_use;
    used_ += bytes;
    return chunk + 16;
  }
  /// The rest, which is free. Returns the address of its chunk.
  std::uint64_t add_top() {
    const std::uint64_t chunk = begin() + used_;
    set(chunk + 8, (kBytes - used_) | (previous_in_use_ ? 1U : 0U));
    used_ = kBytes;
    return chunk;
  }
  void set(std::uint64_t address, std::uint64_t word) { words_[(address - begin()) / 8] = word; }

  [[nodiscard]] std::uint64_t begin() const { return reinterpret_cast<std::uint64_t>(&words_[0]); }
  [[nodiscard]] proof::Range range() const { return {begin(), begin() + kBytes}; }
  [[nodiscard]] proof::HeapSegment segment(std::uint64_t top) const {
    return {.range = range(), .first = begin(), .top = top, .is_main = true};
  }

 private:
  alignas(4096) std::uint64_t words_[kBytes / 8] = {};
  std::size_t used_ = 0;
  bool previous_in_use_ = true;
};

}  // namespace xgops::test
