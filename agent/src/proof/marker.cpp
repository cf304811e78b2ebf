// SPDX-License-Identifier: MIT
#include "proof/marker.hpp"

#include "proof/raw_memory.hpp"

namespace xgops::proof {

void Marker::reach(std::uint64_t address, const Origin& origin) noexcept {
  const Block block = blocks_.find(address);
  if (!block || !blocks_.mark(block)) {
    return;
  }
  if (blocks_.is_special(block) && !on_special_(context_, block, origin)) {
    return;
  }
  stack_.push({block.begin, block.end});
}

void Marker::add_range(const Range& range) noexcept {
  Origin origin;
  const Range hull = blocks_.hull();
  scanned_bytes_ += range.bytes();
  for (std::uint64_t at = (range.begin + 7) & ~std::uint64_t{7}; at + 8 <= range.end; at += 8) {
    const std::uint64_t word = word_at(at) & kAddressBits;
    if (hull.contains(word)) {
      origin.address = at;
      reach(word, origin);
    }
  }
}

void Marker::add_block(const Block& block) noexcept {
  blocks_.mark(block);
  stack_.push({block.begin, block.end});
}

void Marker::run() noexcept {
  while (!stack_.empty()) {
    add_range(stack_.pop());
  }
}

}  // namespace xgops::proof
