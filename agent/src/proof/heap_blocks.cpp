// SPDX-License-Identifier: MIT
#include "proof/heap_blocks.hpp"

#include "proof/raw_memory.hpp"

#include <algorithm>

namespace xgops::proof {
namespace {

constexpr std::uint64_t kHeaderBytes = 16;
constexpr std::uint64_t kLeastChunkBytes = 32;
constexpr std::uint64_t kPageBytes = 4096;
constexpr std::uint64_t kPreviousInUse = 1;
constexpr std::uint64_t kIsMapped = 2;
constexpr std::uint64_t kFlagBits = 7;
constexpr std::uint64_t kSubheapBytes = std::uint64_t{64} << 20;  // HEAP_MAX_SIZE
constexpr std::int32_t kNoncontiguous = 2;

/// heap_info of glibc 2.36.
struct Subheap {
  std::uint64_t arena;
  std::uint64_t previous;
  std::uint64_t bytes;
  std::uint64_t accessible_bytes;
  std::uint64_t page_bytes;
  std::uint64_t padding;
};

constexpr std::uint64_t aligned(std::uint64_t address) {
  return (address + 15) & ~std::uint64_t{15};
}

std::uint64_t size_word(std::uint64_t chunk) noexcept {
  return word_at(chunk + 8);
}

/// Adds all of a heap that belongs to one walk.
class HeapWalk {
 public:
  HeapWalk(const GlibcHeap& heap, const MemoryMap& map, BlockMap& blocks, Scratch& scratch,
           HeapTotals& totals) noexcept
      : heap_(heap),
        map_(map),
        blocks_(blocks),
        totals_(totals),
        segments_(scratch),
        dead_(scratch) {}

  [[nodiscard]] HeapFault add_arenas() noexcept;
  /// After the arenas.
  [[nodiscard]] bool add_mapped_chunks() noexcept;
  /// Once the map is sealed.
  void mark_dead() noexcept;
  [[nodiscard]] bool mark_fast_bins() noexcept;
  void mark_cache(std::uint64_t thread_pointer) noexcept;

 private:
  [[nodiscard]] HeapFault add_main_segment(const GlibcArena& arena) noexcept;
  [[nodiscard]] HeapFault add_segments(const GlibcArena& arena, std::uint64_t address) noexcept;
  [[nodiscard]] bool is_in_arena(const Range& range) const noexcept;
  /// Adds chunks one behind the other from `at` on. How many bytes that are.
  std::uint64_t add_mapped_from(std::uint64_t at, std::uint64_t end) noexcept;
  /// One that is free. False: it is no block.
  bool kill(std::uint64_t block) noexcept;

  const GlibcHeap& heap_;
  const MemoryMap& map_;
  BlockMap& blocks_;
  HeapTotals& totals_;
  ScratchArray<HeapSegment> segments_;
  ScratchArray<std::uint64_t> dead_;
};

HeapFault HeapWalk::add_main_segment(const GlibcArena& arena) noexcept {
  if ((arena.flags & kNoncontiguous) != 0) {
    return HeapFault::kScattered;
  }
  const std::uint64_t end = arena.top + (size_word(arena.top) & ~kFlagBits);
  HeapSegment segment{.range = {end - arena.system_bytes, end}, .top = arena.top, .is_main = true};
  const Mapping* const mapping = map_.find(segment.range.begin);
  if (arena.system_bytes > end || mapping == nullptr || mapping->kind != MappingKind::kHeap ||
      segment.range.begin % kPageBytes != 0 || !map_.covers(segment.range)) {
    return HeapFault::kScattered;
  }
  segment.first = segment.range.begin;
  segments_.push(segment);
  return HeapFault::kNone;
}

HeapFault HeapWalk::add_segments(const GlibcArena& arena, std::uint64_t address) noexcept {
  constexpr std::size_t kMostSubheaps = 1 << 20;
  std::uint64_t at = arena.top & ~(kSubheapBytes - 1);
  for (std::size_t i = 0; at != 0; ++i) {
    if (i == kMostSubheaps || at % kSubheapBytes != 0 || map_.find(at) == nullptr) {
      return HeapFault::kBroken;
    }
    const auto info = word_at<Subheap>(at);
    HeapSegment segment{.range = {at, at + info.bytes}, .top = arena.top};
    if (info.arena != address || info.bytes > kSubheapBytes || !map_.covers(segment.range)) {
      return HeapFault::kBroken;
    }
    segment.first = segment.range.contains(address) ? aligned(address + sizeof(GlibcArena))
                                                    : at + sizeof(Subheap);
    segments_.push(segment);
    at = info.previous;
  }
  return HeapFault::kNone;
}

HeapFault HeapWalk::add_arenas() noexcept {
  if (word_at<GlibcParameters>(heap_.parameters).huge_page_bytes != 0) {
    return HeapFault::kHugePages;
  }
  std::uint64_t address = heap_.main_arena;
  for (std::size_t i = 0; i < kMostArenas; ++i) {
    const auto arena = word_at<GlibcArena>(address);
    if (arena.mutex != 0) {
      return HeapFault::kLocked;
    }
    const HeapFault fault =
        address == heap_.main_arena ? add_main_segment(arena) : add_segments(arena, address);
    if (fault != HeapFault::kNone) {
      return fault;
    }
    address = arena.next;
    if (address == heap_.main_arena) {
      break;
    }
  }
  for (const HeapSegment& segment : segments_) {
    if (!blocks_.add_region(segment.range, RegionKind::kChunks)) {
      return HeapFault::kNoMemory;
    }
    if (!walk_chunks(segment, blocks_, dead_, totals_)) {
      return HeapFault::kBroken;
    }
  }
  return HeapFault::kNone;
}

bool HeapWalk::is_in_arena(const Range& range) const noexcept {
  return std::any_of(segments_.begin(), segments_.end(), [&](const HeapSegment& segment) {
    return segment.range.begin < range.end && range.begin < segment.range.end;
  });
}

std::uint64_t HeapWalk::add_mapped_from(std::uint64_t at, std::uint64_t end) noexcept {
  std::uint64_t added = 0;
  while (at + kPageBytes <= end) {
    const std::uint64_t size = size_word(at);
    const std::uint64_t bytes = size & ~kFlagBits;
    if (word_at(at) != 0 || (size & kFlagBits) != kIsMapped || bytes < kPageBytes ||
        bytes % kPageBytes != 0 || bytes > end - at) {
      break;
    }
    segments_.push({.range = {at, at + bytes}});
    added += bytes;
    at += bytes;
  }
  return added;
}

bool HeapWalk::add_mapped_chunks() noexcept {
  const std::size_t arenas = segments_.size();
  std::uint64_t bytes = 0;
  for (const Mapping& mapping : map_.mappings()) {
    const bool fits = mapping.readable && mapping.writable && !mapping.shared &&
                      mapping.kind == MappingKind::kAnonymous && mapping.used_bytes != 0;
    if (fits && !is_in_arena(mapping.range)) {
      bytes += add_mapped_from(mapping.range.begin, mapping.range.end);
    }
  }
  // Some may lie behind other memory in one mapping, some may be no chunks and only look so. Only
  // when malloc counts exactly these are they believed to be its own.
  const auto parameters = word_at<GlibcParameters>(heap_.parameters);
  const std::size_t count = segments_.size() - arenas;
  if (static_cast<std::uint64_t>(parameters.mapped_chunks) != count ||
      parameters.mapped_bytes != bytes) {
    return true;
  }
  for (std::size_t i = arenas; i < segments_.size(); ++i) {
    if (!blocks_.add_region(segments_[i].range, RegionKind::kSingle)) {
      return false;
    }
  }
  totals_.mapped_chunks = count;
  totals_.blocks += count;
  totals_.bytes += bytes;
  return true;
}

bool HeapWalk::kill(std::uint64_t block) noexcept {
  const Block found = blocks_.find(block);
  if (!found || found.begin != block) {
    return false;
  }
  blocks_.mark(found);
  return true;
}

void HeapWalk::mark_dead() noexcept {
  for (const std::uint64_t block : dead_) {
    kill(block);
  }
}

bool HeapWalk::mark_fast_bins() noexcept {
  std::uint64_t address = heap_.main_arena;
  do {
    const auto arena = word_at<GlibcArena>(address);
    for (std::uint64_t chunk : arena.fast_bins) {
      for (std::uint64_t n = 0; chunk != 0; ++n) {
        const std::uint64_t block = chunk + kHeaderBytes;
        if (n > totals_.blocks || !kill(block)) {
          return false;
        }
        ++totals_.cached;
        chunk = block >> 12 ^ word_at(block);  // PROTECT_PTR
      }
    }
    address = arena.next;
  } while (address != heap_.main_arena);
  return true;
}

void HeapWalk::mark_cache(std::uint64_t thread_pointer) noexcept {
  const auto cache = word_at(thread_pointer + static_cast<std::uint64_t>(heap_.cache_offset));
  // A thread has none before its first allocation and at its end.
  const Block block = blocks_.find(cache);
  if (cache == 0 || !block || block.begin != cache ||
      block.end - block.begin < sizeof(GlibcThreadCache)) {
    return;
  }
  const auto lists = word_at<GlibcThreadCache>(cache);
  for (std::size_t bin = 0; bin < GlibcThreadCache::kBins; ++bin) {
    std::uint64_t entry = lists.entries[bin];
    for (unsigned n = lists.counts[bin]; entry != 0 && n > 0 && kill(entry); --n) {
      ++totals_.cached;
      entry = entry >> 12 ^ word_at(entry);
    }
  }
}

}  // namespace

bool walk_chunks(const HeapSegment& segment, BlockMap& blocks, ScratchArray<std::uint64_t>& dead,
                 HeapTotals& totals) noexcept {
  const std::uint64_t end = segment.range.end;
  std::uint64_t chunk = segment.first;
  while (chunk + kHeaderBytes <= end) {
    const std::uint64_t block = chunk + kHeaderBytes;
    if (chunk == segment.top) {
      blocks.add_chunk(block, end);
      dead.push(block);
      return true;
    }
    const std::uint64_t bytes = size_word(chunk) & ~kFlagBits;
    // A subheap that is not the last ends with two headers without a chunk.
    const bool is_end = !segment.is_main && bytes <= kHeaderBytes && end - chunk <= 48;
    if (is_end) {
      return true;
    }
    if (bytes < kLeastChunkBytes || bytes % 16 != 0 || bytes > end - chunk - kHeaderBytes) {
      return false;
    }
    const std::uint64_t next = chunk + bytes;
    blocks.add_chunk(block, next + kHeaderBytes);
    if ((size_word(next) & kPreviousInUse) == 0) {
      dead.push(block);
    } else {
      ++totals.blocks;
      totals.bytes += bytes;
    }
    chunk = next;
  }
  return false;
}

HeapFault add_heap_blocks(const GlibcHeap& heap, const MemoryMap& map,
                          std::span<const std::uint64_t> thread_pointers, BlockMap& blocks,
                          Scratch& scratch, HeapTotals& totals) noexcept {
  HeapWalk walk(heap, map, blocks, scratch, totals);
  if (const HeapFault fault = walk.add_arenas(); fault != HeapFault::kNone) {
    return fault;
  }
  if (!walk.add_mapped_chunks() || !blocks.seal() || scratch.failed()) {
    return HeapFault::kNoMemory;
  }
  walk.mark_dead();
  if (!walk.mark_fast_bins()) {
    return HeapFault::kBroken;
  }
  for (const std::uint64_t thread_pointer : thread_pointers) {
    walk.mark_cache(thread_pointer);
  }
  return HeapFault::kNone;
}

bool agrees(const HeapProbe& probe, const BlockMap& blocks) noexcept {
  for (const HeapProbe::Known& known : probe.in_use()) {
    const Block block = blocks.find(known.address);
    // The last one may be memory of which nothing is known.
    constexpr std::uint64_t kLarge = std::uint64_t{1} << 20;
    if (!block && known.bytes > kLarge) {
      continue;
    }
    if (block.begin != known.address || block.end - block.begin < known.bytes ||
        blocks.is_marked(block)) {
      return false;
    }
  }
  const Block freed = blocks.find(probe.not_in_use());
  return freed.begin == probe.not_in_use() && blocks.is_marked(freed);
}

}  // namespace xgops::proof
