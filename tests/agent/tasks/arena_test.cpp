// SPDX-License-Identifier: MIT
// Memory that grows and stays.
#include "tasks/arena.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

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

}  // namespace
}  // namespace xgops::tasks
