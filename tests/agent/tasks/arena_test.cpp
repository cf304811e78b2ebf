// SPDX-License-Identifier: MIT
// Memory that grows and stays.
#include "tasks/arena.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <sys/mman.h>
#include <unistd.h>

namespace xgops::tasks {
namespace {

constexpr std::size_t kSlab = std::size_t{64} << 10;

std::uint64_t number(const std::byte* address) {
  return reinterpret_cast<std::uint64_t>(address);
}

TEST(ArenaTest, GrowsByZeroedMemoryBehindWhatItHas) {
  Arena arena(std::size_t{1} << 30);

  std::byte* const first = arena.grow(kSlab);
  std::byte* const second = arena.grow(kSlab);

  ASSERT_NE(first, nullptr);
  EXPECT_EQ(second, first + kSlab);
  EXPECT_EQ(arena.begin(), first);
  EXPECT_EQ(arena.end(), second + kSlab);
  EXPECT_TRUE(std::all_of(first, arena.end(), [](std::byte b) { return b == std::byte{0}; }));
}

TEST(ArenaTest, KnowsWhatLiesInIt) {
  Arena arena(std::size_t{1} << 30);
  EXPECT_FALSE(arena.contains(0, 1)) << "it has nothing yet";
  ASSERT_NE(arena.grow(kSlab), nullptr);
  const std::uint64_t begin = number(arena.begin());

  EXPECT_TRUE(arena.contains(begin, kSlab));
  EXPECT_TRUE(arena.contains(begin + kSlab - 8, 8));
  EXPECT_FALSE(arena.contains(begin + kSlab - 8, 9));
  EXPECT_FALSE(arena.contains(begin + kSlab, 1));
  EXPECT_FALSE(arena.contains(begin - 1, 1));
  EXPECT_FALSE(arena.contains(~std::uint64_t{0}, 1));
}

TEST(ArenaTest, EndsWithItsReservation) {
  constexpr std::size_t kReserved = std::size_t{64} << 20;
  Arena arena(kReserved);

  std::size_t slabs = 0;
  while (arena.grow(kSlab) != nullptr) {
    ++slabs;
  }

  EXPECT_EQ(slabs, kReserved / kSlab);
  EXPECT_EQ(arena.grow(kSlab), nullptr);
}

TEST(ArenaTest, LeavesWhatLiesBehindAShortRangeAlone) {
  constexpr std::size_t kRange = 2 * kSlab;
  // Where the range will be, with something else right behind it.
  void* const room = ::mmap(nullptr, 2 * kRange, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(room, MAP_FAILED);
  ASSERT_EQ(::munmap(room, kRange), 0);
  Arena arena(kRange);
  std::byte* const begin = arena.grow(kSlab);
  ASSERT_NE(begin, nullptr);
  if (static_cast<void*>(begin) != room) {
    GTEST_SKIP() << "the system put it elsewhere";
  }
  auto* const behind = static_cast<std::byte*>(room) + kRange;

  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  EXPECT_EQ(::write(pipe[1], behind, 1), -1) << "it can be read";

  ::close(pipe[0]);
  ::close(pipe[1]);
  ::munmap(behind, kRange);
}

}  // namespace
}  // namespace xgops::tasks
