// SPDX-License-Identifier: MIT
#include "proof/stack_cache.hpp"

#include "proof/raw_memory.hpp"

#include <cstddef>

namespace xgops::proof {
namespace {

constexpr std::size_t kMostThreads = 1 << 20;
// In a thread's descriptor, which %fs points to.
constexpr std::uint64_t kListOffset = 0x2c0;
constexpr std::uint64_t kTidOffset = 0x2d0;

struct Link {
  std::uint64_t next;
  std::uint64_t previous;
};

/// Of the loader's _rtld_global.
struct StackLists {
  Link used;
  Link of_program;
  Link unused;
  std::uint64_t unused_bytes;
  std::uint64_t in_flight;
  std::int32_t lock;
};

/// The thread's list leads to its head, which is the loader's.
std::uint64_t find_lists(const MemoryMap& map, std::uint64_t node) noexcept {
  const std::uint64_t first = node;
  for (std::size_t n = 0; n < kMostThreads; ++n) {
    const Mapping* const mapping = map.find(node);
    if (mapping == nullptr || !mapping->readable) {
      return 0;
    }
    if (mapping->kind == MappingKind::kFile && !mapping->shared) {
      return map.covers({node, node + sizeof(StackLists)}) ? node : 0;
    }
    const auto next = word_at<Link>(node).next;
    if (next == first || map.find(next) == nullptr || word_at<Link>(next).previous != node) {
      return 0;
    }
    node = next;
  }
  return 0;
}

}  // namespace

bool find_unused_stacks(const GlibcHeap& heap, const MemoryMap& map, std::uint64_t thread_pointer,
                        std::int32_t tid, ScratchArray<Range>& stacks) noexcept {
  if (word_at<std::int32_t>(thread_pointer + kTidOffset) != tid) {
    return false;
  }
  const std::uint64_t at = find_lists(map, thread_pointer + kListOffset);
  if (at == 0) {
    return false;
  }
  const auto lists = word_at<StackLists>(at);
  const std::uint64_t head = at + offsetof(StackLists, unused);
  if (lists.lock != 0 || lists.in_flight != 0) {
    return false;
  }
  const std::size_t before = stacks.size();
  std::uint64_t bytes = 0;
  std::uint64_t previous = head;
  for (std::uint64_t node = lists.unused.next; node != head; node = word_at<Link>(node).next) {
    const std::uint64_t descriptor = node - kListOffset;
    const bool is_link = map.covers({descriptor, node + sizeof(Link) + 8}) &&
                         word_at<Link>(node).previous == previous &&
                         word_at<std::int32_t>(descriptor + kTidOffset) <= 0;
    const Range stack = is_link ? stack_of(heap, descriptor) : Range{};
    if (!stack.contains(node) || stacks.size() - before == kMostThreads) {
      stacks.shrink(before);
      return false;
    }
    stacks.push(stack);
    bytes += word_at(descriptor + static_cast<std::uint64_t>(heap.stack_offset) + 8);
    previous = node;
  }
  if (bytes != lists.unused_bytes) {
    stacks.shrink(before);
    return false;
  }
  return true;
}

}  // namespace xgops::proof
