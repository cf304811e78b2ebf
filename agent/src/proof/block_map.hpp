// SPDX-License-Identifier: MIT
// Which block an address lies in, and which blocks were reached: for all memory of which we know
// how it is divided.
#pragma once

#include "proof/scratch.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace xgops::proof {

enum class RegionKind : std::uint8_t {
  kChunks = 0,  ///< Of glibc's malloc: a header of 16 bytes in front of each.
  kSlabs,       ///< Coroutine frames of one size class in each slab of 64 KiB.
  kSingle,      ///< One chunk that has a mapping for itself.
};

/// A piece of memory that one owner asked for. `begin` 0: there is none.
struct Block {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint32_t region = 0;

  explicit operator bool() const noexcept { return begin != 0; }
};

/// Addresses are in units of 16 bytes, two bits each, and 4 bytes for each page: 1/50 of what is
/// described, as far as it is touched. For one thread.
class BlockMap {
 public:
  static constexpr std::uint64_t kUnit = 16;

  explicit BlockMap(Scratch& scratch) noexcept : regions_(scratch), scratch_(scratch) {}

  /// From now on nothing in `range` counts but the blocks that are added. False: there is no
  /// memory. Regions must not overlap.
  [[nodiscard]] bool add_region(const Range& range, RegionKind kind) noexcept;
  /// A chunk of the region that was added last, by ascending addresses. `next`: where the next
  /// chunk's block begins, or the region ends.
  void add_chunk(std::uint64_t begin, std::uint64_t next) noexcept;
  /// Call it once all regions are there.
  [[nodiscard]] bool seal() noexcept;

  // After that.
  /// Interior addresses count, and the one behind the last byte unless it is another block's.
  [[nodiscard]] Block find(std::uint64_t address) const noexcept;
  /// As `find`, for blocks that are not marked; cheaper for those that are.
  [[nodiscard]] Block find_unmarked(std::uint64_t address) const noexcept;
  /// Asks for what `find_unmarked` is going to read. False: `address` lies in no region.
  [[nodiscard]] bool prefetch(std::uint64_t address) const noexcept;
  /// False: it was marked already.
  bool mark(const Block& block) noexcept;
  [[nodiscard]] bool is_marked(const Block& block) const noexcept;
  /// The block is of interest, see `Marker`.
  void make_special(const Block& block) noexcept;
  [[nodiscard]] bool is_special(const Block& block) const noexcept;

  /// Where all regions are: from the first to the last, by ascending addresses.
  [[nodiscard]] std::size_t region_count() const noexcept { return regions_.size(); }
  [[nodiscard]] Range region(std::size_t index) const noexcept { return regions_[index].range; }
  [[nodiscard]] Range hull() const noexcept { return hull_; }

 private:
  struct Region {
    Range range;
    RegionKind kind = RegionKind::kChunks;
    std::uint64_t* starts = nullptr;
    std::uint64_t* marks = nullptr;
    std::uint64_t* specials = nullptr;
    std::uint32_t* cards = nullptr;  ///< Of each page: the last start at or before its begin.
    // There may be many of one chunk.
    bool is_marked = false;
    bool is_special = false;
  };

  static constexpr unsigned kGranuleShift = 26;
  static constexpr std::uint64_t kAddresses = std::uint64_t{1} << 47;
  static constexpr std::uint16_t kSeveral = 0xffff;

  [[nodiscard]] const Region* region_of(std::uint64_t address, std::uint32_t& index) const noexcept;
  [[nodiscard]] static std::uint64_t start_before(const Region& region,
                                                  std::uint64_t address) noexcept;
  [[nodiscard]] static Block block_in(const Region& region, std::uint32_t index,
                                      std::uint64_t address) noexcept;
  [[nodiscard]] static std::uint64_t bit_of(const Region& region, const Block& block) noexcept;

  ScratchArray<Region> regions_;
  Scratch& scratch_;
  std::uint16_t* granules_ = nullptr;  ///< Region + 1 for each 64 MiB of addresses.
  Range hull_;
};

}  // namespace xgops::proof
