// SPDX-License-Identifier: MIT
#include "proof/block_map.hpp"

#include "proof/raw_memory.hpp"
#include "tasks/frame_blocks.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace xgops::proof {
namespace {

constexpr std::uint64_t kPageBytes = 4096;
constexpr std::uint64_t kSizeMask = ~std::uint64_t{7};
constexpr std::uint64_t kHeaderBytes = 16;

constexpr std::size_t words_for(std::uint64_t bytes) {
  return bytes / BlockMap::kUnit / 64 + 1;
}

void set_bit(std::uint64_t* bits, std::uint64_t index) noexcept {
  bits[index / 64] |= std::uint64_t{1} << (index % 64);
}
bool has_bit(const std::uint64_t* bits, std::uint64_t index) noexcept {
  return (bits[index / 64] >> (index % 64) & 1U) != 0;
}

}  // namespace

bool BlockMap::add_region(const Range& range, RegionKind kind) noexcept {
  Region region{.range = range, .kind = kind};
  if (kind == RegionKind::kSingle) {
    return regions_.push(region);
  }
  // A card is the number of a unit.
  constexpr std::uint64_t kLargest = (std::uint64_t{1} << 32) * kUnit;
  if (range.bytes() >= kLargest) {
    return false;
  }
  const std::size_t words = words_for(range.bytes());
  const bool has_starts = kind == RegionKind::kChunks;
  const std::size_t cards = has_starts ? range.bytes() / kPageBytes + 1 : 0;
  auto* const memory = static_cast<std::uint64_t*>(
      scratch_.take(words * 8 * (has_starts ? 3 : 2) + cards * sizeof(std::uint32_t)));
  if (memory == nullptr) {
    return false;
  }
  region.marks = memory;
  region.specials = memory + words;
  if (has_starts) {
    region.starts = memory + 2 * words;
    region.cards = reinterpret_cast<std::uint32_t*>(memory + 3 * words);
  }
  return regions_.push(region);
}

void BlockMap::add_chunk(std::uint64_t begin, std::uint64_t next) noexcept {
  Region& region = regions_[regions_.size() - 1];
  const std::uint64_t index = (begin - region.range.begin) / kUnit;
  set_bit(region.starts, index);
  // Of the pages that begin within it.
  const std::uint64_t first = (begin - region.range.begin + kPageBytes - 1) / kPageBytes;
  const std::uint64_t end = (next - region.range.begin + kPageBytes - 1) / kPageBytes;
  for (std::uint64_t page = first; page < end; ++page) {
    region.cards[page] = static_cast<std::uint32_t>(index);
  }
}

bool BlockMap::seal() noexcept {
  std::sort(regions_.begin(), regions_.end(),
            [](const Region& a, const Region& b) { return a.range.begin < b.range.begin; });
  granules_ = static_cast<std::uint16_t*>(
      scratch_.take((kAddresses >> kGranuleShift) * sizeof(std::uint16_t)));
  if (granules_ == nullptr || scratch_.failed()) {
    return false;
  }
  for (std::size_t i = 0; i < regions_.size(); ++i) {
    const Range& range = regions_[i].range;
    if (range.end > kAddresses || (i > 0 && regions_[i - 1].range.end > range.begin)) {
      return false;
    }
    for (std::uint64_t at = range.begin >> kGranuleShift; at <= (range.end - 1) >> kGranuleShift;
         ++at) {
      granules_[at] =
          granules_[at] != 0 || i + 1 >= kSeveral ? kSeveral : static_cast<std::uint16_t>(i + 1);
    }
  }
  if (!regions_.empty()) {
    hull_ = {regions_[0].range.begin, regions_[regions_.size() - 1].range.end};
  }
  return true;
}

const BlockMap::Region* BlockMap::region_of(std::uint64_t address,
                                            std::uint32_t& index) const noexcept {
  if (!hull_.contains(address)) {
    return nullptr;
  }
  const std::uint16_t granule = granules_[address >> kGranuleShift];
  if (granule == 0) {
    return nullptr;
  }
  const Region* found = &regions_[granule - 1U];
  if (granule == kSeveral) {
    found = std::upper_bound(
        regions_.begin(), regions_.end(), address,
        [](std::uint64_t value, const Region& region) { return value < region.range.begin; });
    if (found == regions_.begin()) {
      return nullptr;
    }
    --found;
  }
  index = static_cast<std::uint32_t>(found - regions_.begin());
  return found->range.contains(address) ? found : nullptr;
}

std::uint64_t BlockMap::start_before(const Region& region, std::uint64_t address) noexcept {
  constexpr std::uint64_t kWordsPerPage = kPageBytes / kUnit / 64;
  const std::uint64_t index = (address - region.range.begin) / kUnit;
  std::uint64_t word = index / 64;
  std::uint64_t bits = region.starts[word] & (~std::uint64_t{0} >> (63 - index % 64));
  const std::uint64_t page = (address - region.range.begin) / kPageBytes;
  while (bits == 0) {
    if (word == page * kWordsPerPage) {
      const std::uint32_t card = region.cards[page];
      return card == 0 ? 0 : region.range.begin + card * kUnit;
    }
    bits = region.starts[--word];
  }
  const auto last = 63U - static_cast<unsigned>(std::countl_zero(bits));
  return region.range.begin + (word * 64 + last) * kUnit;
}

Block BlockMap::block_in(const Region& region, std::uint32_t index,
                         std::uint64_t address) noexcept {
  switch (region.kind) {
    case RegionKind::kSingle: {
      const std::uint64_t begin = region.range.begin + kHeaderBytes;
      return address >= begin ? Block{begin, region.range.end, index} : Block{};
    }
    case RegionKind::kChunks: {
      const std::uint64_t begin = start_before(region, address);
      if (begin == 0) {
        return {};
      }
      // The last 8 bytes are where the next chunk's header would keep the size of a free one.
      const std::uint64_t end = begin + (word_at(begin - 8) & kSizeMask) - 8;
      return address <= end ? Block{begin, end, index} : Block{};
    }
    case RegionKind::kSlabs: {
      using tasks::FrameSlab;
      const std::uint64_t number = (address - region.range.begin) / FrameSlab::kBytes;
      const std::uint64_t slab = region.range.begin + number * FrameSlab::kBytes;
      const std::uint64_t end = slab + FrameSlab::kBytes - FrameSlab::kEnd;
      const std::uint64_t bytes = word_at(end) * detail::ThreadBlock::kUnit;
      const std::uint64_t first = slab + FrameSlab::offset(number);
      if (bytes == 0 || bytes > detail::ThreadBlock::kMaxBytes || address < first) {
        return {};
      }
      const std::uint64_t begin = first + (address - first) / bytes * bytes;
      return begin + bytes <= end ? Block{begin, begin + bytes, index} : Block{};
    }
  }
  return {};
}

Block BlockMap::find(std::uint64_t address) const noexcept {
  std::uint32_t index = 0;
  const Region* const region = region_of(address, index);
  return region == nullptr ? Block{} : block_in(*region, index, address);
}

Block BlockMap::find_unmarked(std::uint64_t address) const noexcept {
  std::uint32_t index = 0;
  const Region* const region = region_of(address, index);
  if (region == nullptr) {
    return {};
  }
  if (region->kind == RegionKind::kChunks) {
    // Most pointers lead to blocks that are marked already: their headers need not be read.
    const std::uint64_t begin = start_before(*region, address);
    if (begin == 0 || has_bit(region->marks, (begin - region->range.begin) / kUnit)) {
      return {};
    }
  }
  const Block block = block_in(*region, index, address);
  return block && !is_marked(block) ? block : Block{};
}

bool BlockMap::prefetch(std::uint64_t address) const noexcept {
  std::uint32_t index = 0;
  const Region* const region = region_of(address, index);
  if (region == nullptr) {
    return false;
  }
  if (region->kind == RegionKind::kChunks) {
    const std::uint64_t word = (address - region->range.begin) / kUnit / 64;
    __builtin_prefetch(&region->starts[word]);
    __builtin_prefetch(&region->marks[word]);
  }
  return true;
}

std::uint64_t BlockMap::bit_of(const Region& region, const Block& block) noexcept {
  return (block.begin - region.range.begin) / kUnit;
}

bool BlockMap::mark(const Block& block) noexcept {
  Region& region = regions_[block.region];
  if (region.kind == RegionKind::kSingle) {
    return !std::exchange(region.is_marked, true);
  }
  const std::uint64_t bit = bit_of(region, block);
  if (has_bit(region.marks, bit)) {
    return false;
  }
  set_bit(region.marks, bit);
  return true;
}

bool BlockMap::is_marked(const Block& block) const noexcept {
  const Region& region = regions_[block.region];
  return region.kind == RegionKind::kSingle ? region.is_marked
                                            : has_bit(region.marks, bit_of(region, block));
}

void BlockMap::make_special(const Block& block) noexcept {
  Region& region = regions_[block.region];
  if (region.kind == RegionKind::kSingle) {
    region.is_special = true;
  } else {
    set_bit(region.specials, bit_of(region, block));
  }
}

bool BlockMap::is_special(const Block& block) const noexcept {
  const Region& region = regions_[block.region];
  return region.kind == RegionKind::kSingle ? region.is_special
                                            : has_bit(region.specials, bit_of(region, block));
}

}  // namespace xgops::proof
