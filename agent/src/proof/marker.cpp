// SPDX-License-Identifier: MIT
#include "proof/marker.hpp"

#include "proof/raw_memory.hpp"

#include <algorithm>
#include <array>

namespace xgops::proof {
namespace {

// How much of a large block is read before what it leads to is followed: else an array of a million
// pointers would take as many places on the stack.
constexpr std::uint64_t kSliceBytes = 4096;

struct Candidate {
  std::uint64_t word;
  std::uint64_t at;  ///< Where it was found.
};

}  // namespace

void Marker::reach(std::uint64_t address, const Origin& origin) noexcept {
  const Block block = blocks_.find_unmarked(address);
  if (!block) {
    return;
  }
  blocks_.mark(block);
  __builtin_prefetch(memory_at(block.begin));
  if (blocks_.is_special(block) && !on_special_(context_, block, origin)) {
    return;
  }
  stack_.push({block.begin, block.end});
}

void Marker::read_words(const Range& range) noexcept {
  // Candidates wait in a ring until what is known of them has come from memory.
  constexpr std::size_t kRing = 16;
  std::array<Candidate, kRing>
      ring;  // NOLINT(cppcoreguidelines-pro-type-member-init): used as filled.
  std::size_t count = 0;
  const auto reach_candidate = [this](const Candidate& candidate) {
    reach(candidate.word, {.kind = Origin::Kind::kMemory, .tid = 0, .address = candidate.at});
  };
  const Range hull = blocks_.hull();
  scanned_bytes_ += range.bytes();
  for (std::uint64_t at = (range.begin + 7) & ~std::uint64_t{7}; at + 8 <= range.end; at += 8) {
    const std::uint64_t word = word_at(at) & kAddressBits;
    if (!hull.contains(word) || !blocks_.prefetch(word)) {
      continue;
    }
    Candidate& place = ring[count % kRing];
    if (count >= kRing) {
      reach_candidate(place);
    }
    place = {word, at};
    ++count;
  }
  const std::size_t left = std::min(count, kRing);
  for (std::size_t i = count - left; i < count; ++i) {
    reach_candidate(ring[i % kRing]);
  }
}

void Marker::add_range(const Range& range) noexcept {
  stack_.push(range);
}

void Marker::add_block(const Block& block) noexcept {
  blocks_.mark(block);
  stack_.push({block.begin, block.end});
}

void Marker::run() noexcept {
  while (!stack_.empty()) {
    const Range next = stack_.pop();
    const std::uint64_t slice_end = (next.begin + kSliceBytes) & ~std::uint64_t{7};
    if (slice_end >= next.end) {
      read_words(next);
      continue;
    }
    stack_.push({slice_end, next.end});
    read_words({next.begin, slice_end});
  }
}

}  // namespace xgops::proof
