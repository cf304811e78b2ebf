// SPDX-License-Identifier: MIT
// All blocks of glibc's heap: which are in use, and where each begins and ends.
#pragma once

#include "proof/block_map.hpp"
#include "proof/glibc_heap.hpp"
#include "proof/memory_map.hpp"

#include <cstdint>
#include <span>

namespace xgops::proof {

/// Why the heap could not be walked: then all of it is memory of which nothing is known.
enum class HeapFault : std::uint8_t {
  kNone = 0,
  kLocked,     ///< A thread was stopped while it changed an arena.
  kScattered,  ///< The main heap is not one piece: somebody else moves the break.
  kBroken,     ///< Chunks do not follow each other as they must.
  kHugePages,  ///< Arenas on huge pages are laid out in another way.
  kNoMemory,   ///< For our tables.
  kProbe,      ///< Blocks that are known are not there.
};

struct HeapTotals {
  std::uint64_t blocks = 0;  ///< In use.
  std::uint64_t bytes = 0;
  std::uint64_t cached = 0;         ///< Free, in a thread's cache or a fast bin.
  std::uint64_t mapped_chunks = 0;  ///< With mappings of their own, as far as they are understood.
};

/// Adds all of it to `blocks`, those that are not in use marked, and seals it. All threads are
/// stopped, or this is a child that has a copy of their memory; `thread_pointers` are theirs.
/// Chunks with mappings of their own that are not surely such are left out: they are memory of
/// which nothing is known.
[[nodiscard]] HeapFault add_heap_blocks(const GlibcHeap& heap, const MemoryMap& map,
                                        std::span<const std::uint64_t> thread_pointers,
                                        BlockMap& blocks, Scratch& scratch,
                                        HeapTotals& totals) noexcept;

/// Whether `blocks` shows the blocks of `probe` as they are.
[[nodiscard]] bool agrees(const HeapProbe& probe, const BlockMap& blocks) noexcept;

/// A piece of an arena.
struct HeapSegment {
  Range range;
  std::uint64_t first = 0;  ///< Where the first chunk is.
  std::uint64_t top = 0;    ///< The arena's last chunk, which is free; perhaps in another segment.
  bool is_main = false;
};

/// Walks the chunks of the region of `blocks` that was added last. Those that are free come to
/// `dead`. False: it is broken.
[[nodiscard]] bool walk_chunks(const HeapSegment& segment, BlockMap& blocks,
                               ScratchArray<std::uint64_t>& dead, HeapTotals& totals) noexcept;

}  // namespace xgops::proof
