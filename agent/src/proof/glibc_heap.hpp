// SPDX-License-Identifier: MIT
// Where glibc's malloc keeps what it knows. There is no interface for it: all of it is found by
// how malloc behaves and believed only where it behaves as one known version does.
#pragma once

#include "proof/memory_map.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace xgops::proof {

/// malloc_state of glibc 2.36.
struct GlibcArena {
  std::int32_t mutex;
  std::int32_t flags;
  std::int32_t have_fast_chunks;
  std::int32_t padding;
  std::array<std::uint64_t, 10> fast_bins;
  std::uint64_t top;
  std::uint64_t last_remainder;
  std::array<std::uint64_t, 254> bins;
  std::array<std::uint32_t, 4> bin_map;
  std::uint64_t next;
  std::uint64_t next_free;
  std::uint64_t attached_threads;
  std::uint64_t system_bytes;
  std::uint64_t most_system_bytes;
};
static_assert(sizeof(GlibcArena) == 2200);

/// malloc_par of glibc 2.36.
struct GlibcParameters {
  std::array<std::uint64_t, 6> thresholds;
  std::uint64_t huge_page_bytes;
  std::int32_t huge_page_flags;
  std::int32_t mapped_chunks;
  std::int32_t most_mapped_chunks_allowed;
  std::int32_t most_mapped_chunks;
  std::int32_t no_dynamic_threshold;
  std::int32_t padding;
  std::uint64_t mapped_bytes;
  std::uint64_t most_mapped_bytes;
  std::uint64_t break_base;
  std::uint64_t cache_bins;
};
static_assert(offsetof(GlibcParameters, break_base) == 96);

/// tcache_perthread_struct.
struct GlibcThreadCache {
  static constexpr std::size_t kBins = 64;
  std::array<std::uint16_t, kBins> counts;
  std::array<std::uint64_t, kBins> entries;
};
static_assert(sizeof(GlibcThreadCache) == 640);

struct GlibcHeap {
  const char* problem = nullptr;  ///< Why nothing is known; null: all of it is.
  std::uint64_t main_arena = 0;
  std::uint64_t parameters = 0;
  std::int64_t cache_offset = 0;  ///< From a thread's pointer (%fs) to its pointer to the cache.
  std::int64_t stack_offset = 0;  ///< Likewise, to what it knows of its stack.
};

/// Most arenas: there are 8 for each processor unless told otherwise.
inline constexpr std::size_t kMostArenas = 65'536;

/// Tries malloc out. For a thread that pthread_create made, with `map` read just before. Takes no
/// lock that malloc itself would not take. Cost: 0.1 ms.
[[nodiscard]] GlibcHeap find_glibc_heap(const MemoryMap& map) noexcept;

/// Whether a thread holds the lock of any arena: its lists may be between two states.
[[nodiscard]] bool any_arena_is_locked(const GlibcHeap& heap) noexcept;

/// The stack that glibc made for the thread with this pointer, without its guard. Empty: it did
/// not make one, as for the main thread.
[[nodiscard]] Range stack_of(const GlibcHeap& heap, std::uint64_t thread_pointer) noexcept;

/// The calling thread's.
[[nodiscard]] inline std::uint64_t own_thread_pointer() noexcept {
  return reinterpret_cast<std::uint64_t>(__builtin_thread_pointer());
}

/// Blocks of known sizes, some in use and one not, which a walk of the heap must show as they are.
class HeapProbe {
 public:
  static constexpr std::size_t kInUse = 8;

  /// For the thread that will look.
  explicit HeapProbe(const GlibcHeap& heap) noexcept;
  ~HeapProbe();
  HeapProbe(const HeapProbe&) = delete;
  HeapProbe& operator=(const HeapProbe&) = delete;

  struct Known {
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;
  };
  [[nodiscard]] std::span<const Known> in_use() const noexcept { return in_use_; }
  /// In this thread's cache, as long as it allocates nothing.
  [[nodiscard]] std::uint64_t not_in_use() const noexcept { return not_in_use_; }
  [[nodiscard]] bool complete() const noexcept;

 private:
  std::array<Known, kInUse> in_use_{};
  std::uint64_t not_in_use_ = 0;
};

}  // namespace xgops::proof
