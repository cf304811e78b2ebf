// SPDX-License-Identifier: MIT
// The heap of this process itself, walked while its threads stand still.
#include "proof/heap_blocks.hpp"

#include "proof/marker.hpp"
#include "proof/roots.hpp"
#include "support/unique_fd.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <latch>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <sys/mman.h>

namespace xgops::proof {
namespace {

constexpr std::uint64_t kHidden = 0x5555'5555'5555'5555;

void* volatile g_kept = nullptr;  // Nobody reads it but the look.
thread_local void* volatile t_kept = nullptr;

std::uint64_t address(const void* memory) {
  return reinterpret_cast<std::uint64_t>(memory);
}
std::uint64_t hide(const void* memory) {
  return address(memory) ^ kHidden;
}
void release(std::uint64_t hidden) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): it was hidden from the walk.
  std::free(reinterpret_cast<void*>(hidden ^ kHidden));
}

/// One look at the heap. Its functions allocate nothing; the thread's stack is not looked at.
class Look {
 public:
  explicit Look(std::vector<std::uint64_t> others = {}) : threads_(std::move(others)) {
    const support::UniqueFd fd(::open("/proc/thread-self/smaps", O_RDONLY | O_CLOEXEC));
    MemoryMap before(scratch_);
    readable = before.read(fd.get());
    heap = find_glibc_heap(before);
    threads_.push_back(own_thread_pointer());
    probe_.emplace(heap);
  }
  /// What is allocated after this is not seen.
  void take() {
    const support::UniqueFd fd(::open("/proc/thread-self/smaps", O_RDONLY | O_CLOEXEC));
    readable = readable && map_.read(fd.get());
    fault = add_heap_blocks(heap, map_, threads_, blocks, scratch_, totals);
    agreed = agrees(*probe_, blocks);
  }
  void mark() {
    const support::UniqueFd fd(::open("/proc/thread-self/pagemap", O_RDONLY | O_CLOEXEC));
    PageMap pages(fd.get());
    Roots roots(scratch_);
    roots.exclude(stack_of(heap, own_thread_pointer()));
    roots.exclude({heap.main_arena, heap.main_arena + sizeof(GlibcArena)});
    readable = readable && roots.collect(map_, blocks, doubts);
    Marker marker(
        blocks, scratch_, [](void*, const Block&, const Origin&) { return true; }, nullptr);
    for (const RootArea& area : roots.areas()) {
      readable =
          readable && pages.visit_used(area, [&](const Range& range) { marker.add_range(range); });
    }
    marker.run();
  }
  [[nodiscard]] bool is_block(std::uint64_t at) const { return blocks.find(at).begin == at; }
  /// Perhaps merged with free memory before it.
  [[nodiscard]] bool is_free(std::uint64_t at) const {
    const Block block = blocks.find(at);
    return !block || blocks.is_marked(block);
  }
  [[nodiscard]] bool is_reached(std::uint64_t at) const {
    return is_block(at) && blocks.is_marked(blocks.find(at));
  }

 private:
  Scratch scratch_;
  MemoryMap map_{scratch_};
  std::vector<std::uint64_t> threads_;
  std::optional<HeapProbe> probe_;

 public:
  BlockMap blocks{scratch_};
  GlibcHeap heap;
  HeapFault fault = HeapFault::kNone;
  HeapTotals totals;
  std::uint32_t doubts = 0;
  bool readable = false;
  bool agreed = false;
};

/// As the agent's: a thread whose stack counts for nothing.
void on_own_thread(const std::function<void()>& body) {
  std::thread(body).join();
}

#define XGOPS_NEED_GLIBC_HEAP(look)                               \
  ASSERT_TRUE((look).readable);                                   \
  ASSERT_EQ((look).heap.problem, nullptr) << (look).heap.problem; \
  ASSERT_EQ((look).fault, HeapFault::kNone);                      \
  ASSERT_TRUE((look).agreed)

TEST(HeapBlocksTest, AreThoseOfThisProcess) {
  on_own_thread([] {
    Look look;
    std::array<std::uint64_t, 6> kept{};
    constexpr std::array<std::size_t, 6> kBytes{1, 100, 1000, 10'000, 100'000, 64'000'000};
    for (std::size_t i = 0; i < kept.size(); ++i) {
      kept[i] = hide(std::malloc(kBytes[i])) ^ kHidden;
    }
    look.take();

    XGOPS_NEED_GLIBC_HEAP(look);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const Block block = look.blocks.find(kept[i] + kBytes[i] / 2);
      EXPECT_EQ(block.begin, kept[i]) << kBytes[i];
      EXPECT_GE(block.end, kept[i] + kBytes[i]) << kBytes[i];
      EXPECT_FALSE(look.blocks.is_marked(block));
      release(kept[i] ^ kHidden);
    }
    EXPECT_GT(look.totals.blocks, 50U);
    EXPECT_GE(look.totals.mapped_chunks, 1U);
  });
}

TEST(HeapBlocksTest, AreMarkedWhenTheyAreFree) {
  on_own_thread([] {
    Look look;
    // More than a cache holds (7), so that fast bins get the others.
    std::array<std::uint64_t, 20> freed{};
    for (std::uint64_t& each : freed) {
      each = hide(std::malloc(40));
    }
    const auto between = hide(std::malloc(3000));
    const auto unsorted = hide(std::malloc(3000));
    const auto behind = hide(std::malloc(3000));
    for (const std::uint64_t each : freed) {
      release(each);
    }
    release(unsorted);
    look.take();

    XGOPS_NEED_GLIBC_HEAP(look);
    EXPECT_TRUE(look.is_free(unsorted ^ kHidden));
    for (const std::uint64_t each : freed) {
      EXPECT_TRUE(look.is_free(each ^ kHidden));
    }
    EXPECT_GE(look.totals.cached, 7U);
    release(between);
    release(behind);
  });
}

/// Whether blocks that nothing leads to are not reached, while others are.
bool tells_lost_blocks() {
  bool told = false;
  on_own_thread([&told] {
    Look look;
    const std::uint64_t lost = hide(std::malloc(100));
    const std::uint64_t lost_large = hide(std::malloc(300'000));  // Has a mapping for itself.
    auto** const outer = static_cast<void**>(std::calloc(4, sizeof(void*)));
    void* const inner = std::malloc(500);
    outer[3] = static_cast<char*>(inner) + 100;
    g_kept = outer;
    look.take();
    look.mark();

    XGOPS_NEED_GLIBC_HEAP(look);
    EXPECT_TRUE(look.is_reached(address(outer)));
    EXPECT_TRUE(look.is_reached(address(inner)));
    told = !look.is_reached(lost ^ kHidden) && !look.is_reached(lost_large ^ kHidden);
    release(lost);
    release(lost_large);
    std::free(inner);
    std::free(outer);
    g_kept = nullptr;
  });
  return told;
}

TEST(HeapBlocksTest, OfWhichNoneLeadsToABlockAreNotReached) {
  // What others have left on the main thread's stack, or the allocator in memory that is in use
  // again, may look like a pointer into one of them.
  bool told = false;
  for (int attempt = 0; attempt < 5 && !told; ++attempt) {
    told = tells_lost_blocks();
  }
  EXPECT_TRUE(told);
}

TEST(HeapBlocksTest, AreFoundInTheArenasOfAllThreads) {
  constexpr std::size_t kThreads = 6;
  std::latch ready(kThreads);
  std::latch done(1);
  std::array<std::uint64_t, kThreads> lost{};
  std::array<std::uint64_t, kThreads> kept{};
  std::vector<std::uint64_t> pointers(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      std::vector<void*> some(200);
      for (std::size_t n = 0; n < some.size(); ++n) {
        some[n] = std::malloc(10 + n * 20);
      }
      t_kept = std::malloc(300);
      kept[i] = hide(t_kept);
      lost[i] = hide(some[100]);
      some[100] = nullptr;
      for (std::size_t n = 0; n < some.size(); n += 2) {
        std::free(some[n]);
      }
      pointers[i] = own_thread_pointer();
      ready.count_down();
      done.wait();
      for (std::size_t n = 1; n < some.size(); n += 2) {
        std::free(some[n]);
      }
      release(lost[i]);
      std::free(t_kept);
    });
  }
  ready.wait();

  on_own_thread([&] {
    Look look(pointers);
    look.take();
    look.mark();

    XGOPS_NEED_GLIBC_HEAP(look);
    for (std::size_t i = 0; i < kThreads; ++i) {
      EXPECT_TRUE(look.is_block(lost[i] ^ kHidden));
      EXPECT_TRUE(look.is_reached(kept[i] ^ kHidden)) << "a thread_local variable has it";
    }
  });

  done.count_down();
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST(HeapBlocksTest, AreWalkedAgainAndAgain) {
  on_own_thread([] {
    std::vector<std::uint64_t> some;
    for (std::size_t round = 0; round < 20; ++round) {
      for (std::size_t n = 0; n < 500; ++n) {
        some.push_back(hide(std::malloc(1 + (n * 7919 + round * 104'729) % 9000)));
      }
      for (std::size_t n = round % 3; n < some.size(); n += 3) {
        release(std::exchange(some[n], kHidden));
      }
      Look look;
      look.take();
      XGOPS_NEED_GLIBC_HEAP(look);
      for (const std::uint64_t each : some) {
        ASSERT_TRUE(each == kHidden || look.is_block(each ^ kHidden));
      }
    }
    for (const std::uint64_t each : some) {
      release(each);
    }
  });
}

TEST(GlibcHeapTest, IsFoundInWhateverStateTheHeapIs) {
  on_own_thread([] {
    std::vector<std::uint64_t> some;
    for (std::size_t round = 0; round < 300; ++round) {
      for (std::size_t n = 0; n < 40; ++n) {
        some.push_back(hide(std::malloc(1 + (n * 7919 + round * 104'729) % 3000)));
        some.push_back(hide(std::malloc(0x98)));
      }
      for (std::size_t n = round % 4; n < some.size(); n += 4) {
        release(std::exchange(some[n], kHidden));
      }
      const Look look;
      ASSERT_EQ(look.heap.problem, nullptr) << look.heap.problem << " in round " << round;
    }
    for (const std::uint64_t each : some) {
      release(each);
    }
  });
}

TEST(GlibcHeapTest, IsFoundBesideOtherMappingsOfTheLibrarysFile) {
  Dl_info library{};
  ASSERT_NE(::dladdr(::gnu_get_libc_version(), &library), 0);
  // As libelf maps it for whoever looks for names.
  std::array<void*, 3> mapped{};
  for (void*& each : mapped) {
    const support::UniqueFd file(::open(library.dli_fname, O_RDONLY | O_CLOEXEC));
    each = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.get(), 0);
    ASSERT_NE(each, MAP_FAILED);
  }

  on_own_thread([] {
    const Look look;
    EXPECT_EQ(look.heap.problem, nullptr) << look.heap.problem;
  });

  for (void* const each : mapped) {
    ::munmap(each, 4096);
  }
}

TEST(StackOfTest, IsWhereTheThreadsVariablesAre) {
  on_own_thread([] {
    const Look look;
    ASSERT_EQ(look.heap.problem, nullptr) << look.heap.problem;

    const Range stack = stack_of(look.heap, own_thread_pointer());

    EXPECT_TRUE(stack.contains(address(&look)));
    EXPECT_TRUE(stack.contains(own_thread_pointer()));
  });
}

}  // namespace
}  // namespace xgops::proof
