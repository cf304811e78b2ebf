// SPDX-License-Identifier: MIT
// Slabs that threads share and whose memory goes back when they are empty.
#include "tasks/slab_heap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <set>
#include <thread>
#include <vector>

#include <sys/mman.h>

namespace xgops::tasks {
namespace {

constexpr std::size_t kReserved = std::size_t{1} << 30;
constexpr std::size_t kHeapSlab = std::size_t{64} << 10;

struct Layout {
  static constexpr std::uint64_t kMark = 0x6d61726b;

  static constexpr std::size_t first(std::size_t slab) { return slab % 4 * 64; }
  static constexpr std::size_t bytes(std::size_t size_class) { return size_class * 64; }
  static constexpr std::size_t end() { return kHeapSlab - 16; }
  static void prepare(std::byte* slab, std::size_t size_class) {
    __atomic_store_n(reinterpret_cast<std::uint64_t*>(slab + end()), kMark + size_class,
                     __ATOMIC_RELAXED);
  }
  static std::byte* next(const std::byte* block) {
    return __atomic_load_n(reinterpret_cast<std::byte* const*>(block), __ATOMIC_RELAXED);
  }
  static void set_next(std::byte* block, std::byte* next) {
    __atomic_store_n(reinterpret_cast<std::byte**>(block), next, __ATOMIC_RELAXED);
  }
};
using Heap = SlabHeap<Layout, 16>;

template <class HeapType>
BlockChain take(HeapType& heap, std::size_t size_class, std::uint32_t most) {
  const BlockChain chain = heap.take(size_class, most);
  return chain.first != nullptr ? chain : heap.grow(size_class, most);
}

std::vector<std::byte*> blocks_of(BlockChain chain) {
  std::vector<std::byte*> blocks;
  for (std::byte* block = chain.first; block != nullptr; block = Layout::next(block)) {
    blocks.push_back(block);
  }
  EXPECT_EQ(blocks.size(), chain.count);
  return blocks;
}

std::vector<std::byte*> take_slabs(Heap& heap, std::size_t size_class, std::size_t slabs) {
  std::vector<std::byte*> all;
  const auto begin = static_cast<std::size_t>(heap.memory().end() - heap.memory().begin());
  while (static_cast<std::size_t>(heap.memory().end() - heap.memory().begin()) <
         begin + slabs * kHeapSlab) {
    for (std::byte* const block : blocks_of(take(heap, size_class, 7))) {
      all.push_back(block);
    }
  }
  for (;;) {  // The rest of the last one.
    const BlockChain rest = heap.take(size_class, 7);
    if (rest.first == nullptr) {
      return all;
    }
    for (std::byte* const block : blocks_of(rest)) {
      all.push_back(block);
    }
  }
}

void give_one_by_one(Heap& heap, const std::vector<std::byte*>& blocks, std::size_t size_class) {
  for (std::byte* const block : blocks) {
    Layout::set_next(block, nullptr);
    heap.give(block, size_class);
  }
}

std::size_t resident_pages(const Heap& heap) {
  const auto bytes = static_cast<std::size_t>(heap.memory().end() - heap.memory().begin());
  std::vector<unsigned char> pages(bytes / 4096);
  EXPECT_EQ(::mincore(heap.memory().begin(), bytes, pages.data()), 0);
  return static_cast<std::size_t>(std::count_if(
      pages.begin(), pages.end(), [](unsigned char page) { return (page & 1U) != 0; }));
}

TEST(SlabHeapTest, HandsOutEachBlockOnceAndNoMoreThanAskedFor) {
  Heap heap(kReserved, 4);
  EXPECT_EQ(heap.take(1, 32).first, nullptr) << "it has nothing yet";

  const std::vector<std::byte*> first = blocks_of(heap.grow(1, 32));
  const std::vector<std::byte*> second = blocks_of(heap.take(1, 10));

  EXPECT_EQ(first.size(), 32U);
  EXPECT_EQ(second.size(), 10U);
  std::set<std::byte*> all(first.begin(), first.end());
  all.insert(second.begin(), second.end());
  EXPECT_EQ(all.size(), 42U);
  EXPECT_TRUE(heap.contains(*all.begin()));
  EXPECT_FALSE(heap.contains(reinterpret_cast<std::byte*>(&heap)));
  EXPECT_EQ(heap.take(2, 1).first, nullptr) << "a slab has one class";
}

TEST(SlabHeapTest, KeepsToTheLayout) {
  Heap heap(kReserved, 4);

  const std::vector<std::byte*> blocks = take_slabs(heap, 3, 2);

  const std::byte* const begin = heap.memory().begin();
  EXPECT_EQ(*std::min_element(blocks.begin(), blocks.end()), begin);
  EXPECT_LE(*std::max_element(blocks.begin(), blocks.end()) + 3 * 64, begin + 2 * kHeapSlab - 16);
  EXPECT_EQ(blocks.size(), (kHeapSlab - 16) / 192 + (kHeapSlab - 16 - 64) / 192);
  EXPECT_EQ(*reinterpret_cast<const std::uint64_t*>(begin + kHeapSlab - 16), Layout::kMark + 3);
  EXPECT_TRUE(std::find(blocks.begin(), blocks.end(), begin + kHeapSlab + 64) != blocks.end());
}

TEST(SlabHeapTest, ReusesWhatCameBack) {
  Heap heap(kReserved, 4);
  const std::vector<std::byte*> blocks = take_slabs(heap, 1, 3);
  const std::byte* const end = heap.memory().end();

  give_one_by_one(heap, {blocks[5], blocks[2000], blocks[6]}, 1);
  std::set<std::byte*> again;
  while (true) {
    const BlockChain chain = heap.take(1, 8);
    if (chain.first == nullptr) {
      break;
    }
    for (std::byte* const block : blocks_of(chain)) {
      again.insert(block);
    }
  }

  EXPECT_EQ(again, (std::set<std::byte*>{blocks[5], blocks[2000], blocks[6]}));
  EXPECT_EQ(heap.memory().end(), end);
}

TEST(SlabHeapTest, ReturnsTheMemoryOfEmptySlabsButForSome) {
  constexpr std::size_t kSlabs = 32;
  constexpr std::size_t kKept = 4;
  Heap heap(kReserved, kKept);
  std::vector<std::byte*> blocks = take_slabs(heap, 4, kSlabs);
  ASSERT_EQ(resident_pages(heap), kSlabs * kHeapSlab / 4096);

  std::byte* const pin = blocks.back();  // One block holds its whole slab.
  blocks.pop_back();
  give_one_by_one(heap, blocks, 4);

  EXPECT_EQ(heap.empty_slabs(), kKept);
  EXPECT_EQ(resident_pages(heap), (kKept + 1) * kHeapSlab / 4096);

  give_one_by_one(heap, {pin}, 4);
  EXPECT_EQ(resident_pages(heap), kKept * kHeapSlab / 4096);
  EXPECT_EQ(*blocks[blocks.size() / 2], std::byte{0}) << "it can still be read";

  // All of it is used again before there is new memory.
  const std::byte* const end = heap.memory().end();
  std::set<std::byte*> again;
  for (std::size_t i = 0; i <= blocks.size(); ++i) {
    const BlockChain chain = heap.take(4, 1);
    ASSERT_NE(chain.first, nullptr) << i;
    EXPECT_TRUE(again.insert(chain.first).second);
  }
  EXPECT_EQ(heap.take(4, 1).first, nullptr);
  EXPECT_EQ(heap.memory().end(), end);
  EXPECT_EQ(heap.empty_slabs(), 0U);
  EXPECT_EQ(*reinterpret_cast<const std::uint64_t*>(heap.memory().begin() + kHeapSlab - 16),
            Layout::kMark + 4);
}

TEST(SlabHeapTest, GivesEachBlockToOneThreadWhileMemoryComesAndGoes) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 300;
  Heap heap(kReserved, 0);
  std::atomic<bool> growing{false};
  std::atomic<int> doubly{0};

  const auto work = [&](std::uint32_t seed) {
    for (int round = 0; round < kRounds; ++round) {
      std::vector<BlockChain> chains;
      const std::size_t size_class = 1 + seed % 2 * 15;  // Large blocks empty their slab often.
      while (chains.size() < 1 + seed % 40) {
        BlockChain chain = heap.take(size_class, 16);
        if (chain.first == nullptr && !growing.exchange(true)) {
          chain = heap.grow(size_class, 16);
          growing = false;
        }
        if (chain.first == nullptr) {
          break;
        }
        for (std::byte* block = chain.first; block != nullptr; block = Layout::next(block)) {
          auto* const owned = reinterpret_cast<std::uint64_t*>(block + 8);
          doubly += __atomic_exchange_n(owned, 1, __ATOMIC_ACQ_REL) == 1 ? 1 : 0;
        }
        chains.push_back(chain);
        seed = seed * 1'103'515'245 + 12'345;
      }
      for (const BlockChain& chain : chains) {
        for (std::byte* block = chain.first; block != nullptr; block = Layout::next(block)) {
          __atomic_store_n(reinterpret_cast<std::uint64_t*>(block + 8), 0, __ATOMIC_RELEASE);
        }
        heap.give(chain.first, size_class);
      }
    }
  };
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < kThreads; ++i) {
    threads.emplace_back(work, 77 * (i + 1));
  }
  for (std::thread& thread : threads) {
    thread.join();
  }

  EXPECT_EQ(doubly, 0);
  EXPECT_EQ(heap.empty_slabs(), 0U);
  EXPECT_EQ(resident_pages(heap), 0U) << "nothing is handed out, and nothing is kept";
}

}  // namespace
}  // namespace xgops::tasks
