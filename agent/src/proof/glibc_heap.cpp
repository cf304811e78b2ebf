// SPDX-License-Identifier: MIT
#include "proof/glibc_heap.hpp"

#include "proof/raw_memory.hpp"
#include "support/own_memory.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include <gnu/libc-version.h>
#include <pthread.h>

namespace xgops::proof {
namespace {

constexpr std::uint64_t kFlagBits = 7;
constexpr std::size_t kSmallBytes = 0x98;  // Larger than what fast bins take.
// Larger than what malloc may ever take from its heap (DEFAULT_MMAP_THRESHOLD_MAX).
constexpr std::size_t kMappedBytes = std::size_t{40} << 20;

/// As a number, so that the compiler leaves out neither the allocation nor a look at what was
/// freed.
std::uint64_t allocate(std::size_t bytes) noexcept {
  auto address = reinterpret_cast<std::uint64_t>(std::malloc(bytes));
  asm volatile("" : "+r"(address) : : "memory");
  return address;  // NOLINT(clang-analyzer-unix.Malloc): `release` gets it as a number.
}
void release(std::uint64_t address) noexcept {
  asm volatile("" : "+r"(address) : : "memory");
  std::free(reinterpret_cast<void*>(address));  // NOLINT(performance-no-int-to-ptr)
  asm volatile("" : : : "memory");
}

template <class Value>
bool copy(std::uint64_t address, Value& value) noexcept {
  return address != 0 && support::copy_own_memory(address, &value, sizeof value) == sizeof value;
}

/// The data of the libc.so.6 in use, with what follows it without a name (.bss): debuggers and the
/// like may have its file mapped once more. Empty: there is none.
Range library_data(const MemoryMap& map) noexcept {
  // A text of the library's own, in front of its data.
  const Mapping* mapping = map.find(reinterpret_cast<std::uint64_t>(::gnu_get_libc_version()));
  while (mapping != nullptr && mapping->c_library && !mapping->writable) {
    mapping = map.find(mapping->range.end);
  }
  if (mapping == nullptr || !mapping->c_library) {
    return {};
  }
  const Mapping* const rest = map.find(mapping->range.end);
  const bool has_rest = rest != nullptr && rest->writable && rest->kind == MappingKind::kAnonymous;
  return {mapping->range.begin, has_rest ? rest->range.end : mapping->range.end};
}

/// Where the word behind the first of a chunk that was just freed leads: to the arena's unsorted
/// bin. 0: the chunk was merged with free memory around it.
std::uint64_t bin_of_freed_chunk(std::uint64_t& neighbour, std::size_t bytes) noexcept {
  const std::uint64_t probe = allocate(bytes);
  neighbour = allocate(bytes);
  release(probe);
  std::uint64_t forward = 0;
  std::uint64_t back = 0;
  const bool known = copy(probe, forward) && copy(probe + 8, back);
  return known && back % 16 == 0 && (forward >> 47) == 0 && (back >> 47) == 0 ? back : 0;
}

/// Arenas are in a ring with the main one. 0: there is no such ring at `first`.
std::uint64_t main_arena_in_ring(std::uint64_t first, const Range& data) noexcept {
  std::uint64_t main_arena = 0;
  std::uint64_t arena = first;
  for (std::size_t i = 0; i < kMostArenas; ++i) {
    if (data.contains(arena) && data.contains(arena + sizeof(GlibcArena))) {
      if (main_arena != 0) {
        return 0;
      }
      main_arena = arena;
    }
    std::uint64_t next = 0;
    if (!copy(arena + offsetof(GlibcArena, next), next)) {
      return 0;
    }
    arena = next;
    if (arena == first) {
      return main_arena;
    }
  }
  return 0;
}

std::uint64_t find_main_arena(const Range& data) noexcept {
  constexpr std::size_t kTries = 32;
  // Too large for any cache.
  constexpr std::size_t kBytes = 0x900;
  constexpr std::size_t kStep = 16;
  std::array<std::uint64_t, kTries> neighbours{};
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < kTries && found == 0; ++i) {
    // The neighbours stay, so that the next chunk comes from elsewhere, between two in use at last.
    const std::uint64_t bin = bin_of_freed_chunk(neighbours[i], kBytes + i * kStep);
    if (bin > offsetof(GlibcArena, top)) {
      found = main_arena_in_ring(bin - offsetof(GlibcArena, top), data);
    }
  }
  for (const std::uint64_t each : neighbours) {
    release(each);
  }
  return found;
}

/// Whether `block`, just freed by this thread, is the first of its size in the cache at `cache`.
bool cache_has(std::uint64_t cache, std::uint64_t block) noexcept {
  constexpr std::uint64_t kLeastChunkBytes = 32;
  std::uint64_t header = 0;
  std::uint64_t entry = 0;
  if (!copy(block - 8, header)) {
    return false;
  }
  // By what it is, which may be 16 bytes more than was asked for.
  const std::uint64_t bin = ((header & ~kFlagBits) - kLeastChunkBytes) / 16;
  return bin < GlibcThreadCache::kBins &&
         copy(cache + offsetof(GlibcThreadCache, entries) + bin * 8, entry) && entry == block;
}

bool may_be_cache(std::uint64_t cache) noexcept {
  constexpr std::uint64_t kBytes = sizeof(GlibcThreadCache) + 16;
  std::uint64_t header = 0;
  return cache != 0 && cache % 16 == 0 && (cache >> 47) == 0 && copy(cache - 8, header) &&
         ((header & ~kFlagBits) == kBytes || (header & ~kFlagBits) == kBytes + 16);
}

/// Calls `found(block)` for blocks that were just freed, of many sizes, until it returns true: for
/// some the cache may be full.
template <class Found>
bool free_until(Found&& found) noexcept {
  constexpr std::size_t kLargestCached = 0x408;
  for (std::size_t bytes = kSmallBytes; bytes <= kLargestCached; bytes += 16) {
    const std::uint64_t block = allocate(bytes);
    release(block);
    if (block != 0 && found(block)) {
      return true;
    }
  }
  return false;
}

/// Which word of this thread's storage leads to its cache: one that has what was just freed.
std::int64_t find_cache(std::uint64_t thread_pointer, const Range& stack) noexcept {
  constexpr std::uint64_t kFar = std::uint64_t{1} << 20;
  const std::uint64_t end = std::max(stack.begin, thread_pointer - kFar);
  std::int64_t offset = 0;
  free_until([&](std::uint64_t freed) {
    for (std::uint64_t at = thread_pointer - 8; at >= end && offset == 0; at -= 8) {
      const auto cache = word_at(at);
      if (may_be_cache(cache) && cache_has(cache, freed)) {
        offset = static_cast<std::int64_t>(at) - static_cast<std::int64_t>(thread_pointer);
      }
    }
    return offset != 0;
  });
  return offset;
}

/// The parameters count chunks that have a mapping for themselves: one more, and one less.
bool counts_mapped_chunks(std::uint64_t address) noexcept {
  for (int attempt = 0; attempt < 16; ++attempt) {
    GlibcParameters before{};
    GlibcParameters during{};
    GlibcParameters after{};
    if (!copy(address, before)) {
      return false;
    }
    const std::uint64_t memory = allocate(kMappedBytes);
    if (memory == 0) {
      return false;
    }
    const auto header = word_at(memory - 8);
    const bool read = copy(address, during);
    release(memory);
    if (!read || !copy(address, after)) {
      return false;
    }
    // Else other threads did the same meanwhile.
    if ((header & 2) != 0 && during.mapped_chunks == before.mapped_chunks + 1 &&
        during.mapped_bytes == before.mapped_bytes + (header & ~kFlagBits) &&
        after.mapped_chunks == before.mapped_chunks && after.mapped_bytes == before.mapped_bytes) {
      return true;
    }
  }
  return false;
}

std::uint64_t find_parameters(const Range& data, std::uint64_t heap_begin) noexcept {
  constexpr std::size_t kOffset = offsetof(GlibcParameters, break_base);
  for (std::uint64_t at = data.begin + kOffset; at + 16 <= data.end; at += 8) {
    if (word_at(at) == heap_begin && word_at(at + 8) == GlibcThreadCache::kBins &&
        counts_mapped_chunks(at - kOffset)) {
      return at - kOffset;
    }
  }
  return 0;
}

/// Four words of the descriptor: where the stack's block begins, its size, that of its guard twice.
std::int64_t find_stack(std::uint64_t thread_pointer, Range& stack) noexcept {
  pthread_attr_t attributes{};
  if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) {
    return 0;
  }
  void* address = nullptr;
  std::size_t bytes = 0;
  const bool known = ::pthread_attr_getstack(&attributes, &address, &bytes) == 0;
  ::pthread_attr_destroy(&attributes);
  stack.begin = reinterpret_cast<std::uint64_t>(address);
  stack.end = stack.begin + bytes;
  if (!known || !stack.contains(thread_pointer)) {
    return 0;
  }
  for (std::uint64_t at = thread_pointer; at + 24 <= stack.end; at += 8) {
    const auto begin = word_at(at);
    const auto guard = word_at(at + 16);
    if (begin != 0 && begin + word_at(at + 8) == stack.end && begin + guard == stack.begin) {
      return static_cast<std::int64_t>(at - thread_pointer);
    }
  }
  return 0;
}

GlibcHeap failed(const char* problem) noexcept {
  GlibcHeap heap;
  heap.problem = problem;
  return heap;
}

}  // namespace

GlibcHeap find_glibc_heap(const MemoryMap& map) noexcept {
  if (std::string_view(::gnu_get_libc_version()) != "2.36") {
    return failed("the layout of this C library's heap is not known (only that of glibc 2.36 is)");
  }
  const Range data = library_data(map);
  if (data.bytes() == 0) {
    return failed("the process has no libc.so.6 of its own");
  }
  const std::uint64_t thread = own_thread_pointer();
  GlibcHeap heap;
  Range stack;
  heap.stack_offset = find_stack(thread, stack);
  if (heap.stack_offset == 0) {
    return failed("where threads keep the bounds of their stacks is not known");
  }
  heap.main_arena = find_main_arena(data);
  if (heap.main_arena == 0) {
    return failed("the program's allocator is not that of the C library");
  }
  heap.cache_offset = find_cache(thread, stack);
  if (heap.cache_offset == 0) {
    return failed("the allocator's caches of threads are not where they are expected");
  }
  const auto* const first_heap =
      std::find_if(map.mappings().begin(), map.mappings().end(),
                   [](const Mapping& each) { return each.kind == MappingKind::kHeap; });
  heap.parameters =
      first_heap == map.mappings().end() ? 0 : find_parameters(data, first_heap->range.begin);
  if (heap.parameters == 0) {
    return failed("the allocator's parameters are not where they are expected");
  }
  return heap;
}

bool any_arena_is_locked(const GlibcHeap& heap) noexcept {
  std::uint64_t arena = heap.main_arena;
  for (std::size_t i = 0; i < kMostArenas; ++i) {
    if (word_at<std::int32_t>(arena + offsetof(GlibcArena, mutex)) != 0) {
      return true;
    }
    arena = word_at(arena + offsetof(GlibcArena, next));
    if (arena == heap.main_arena) {
      return false;
    }
  }
  return true;
}

Range stack_of(const GlibcHeap& heap, std::uint64_t thread_pointer) noexcept {
  const std::uint64_t at = thread_pointer + static_cast<std::uint64_t>(heap.stack_offset);
  const auto begin = word_at(at);
  const auto bytes = word_at(at + 8);
  const auto guard = word_at(at + 16);
  return begin == 0 || guard >= bytes ? Range{} : Range{begin + guard, begin + bytes};
}

HeapProbe::HeapProbe(const GlibcHeap& heap) noexcept {
  // One of each way in which chunks come about; the last one has a mapping for itself.
  constexpr std::array<std::size_t, kInUse> kBytes{1,    24,     200,     1032,
                                                   5000, 70'000, 120'000, kMappedBytes};
  for (std::size_t i = 0; i < kInUse; ++i) {
    in_use_[i] = {allocate(kBytes[i]), kBytes[i]};
  }
  const auto cache = word_at(own_thread_pointer() + static_cast<std::uint64_t>(heap.cache_offset));
  free_until([&](std::uint64_t freed) {
    not_in_use_ = cache_has(cache, freed) ? freed : 0;
    return not_in_use_ != 0;
  });
}

HeapProbe::~HeapProbe() {
  for (const Known& known : in_use_) {
    release(known.address);
  }
}

bool HeapProbe::complete() const noexcept {
  return not_in_use_ != 0 && std::all_of(in_use_.begin(), in_use_.end(),
                                         [](const Known& known) { return known.address != 0; });
}

}  // namespace xgops::proof
