// SPDX-License-Identifier: MIT
// Nested and overlapping ranges.
#include "range_table.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace xgops::symbolize {

namespace {

int value_at(const RangeTable<int>& table, std::uint64_t address) {
  const auto* found = table.find(address);
  return found == nullptr ? 0 : found->value;
}

}  // namespace

TEST(RangeTableTest, FindsWhatContainsAnAddressAndNothingElse) {
  RangeTable<int> table;
  table.add(20, 30, 2);
  table.add(10, 20, 1);
  table.seal();

  EXPECT_EQ(value_at(table, 9), 0);
  EXPECT_EQ(value_at(table, 10), 1);
  EXPECT_EQ(value_at(table, 19), 1);
  EXPECT_EQ(value_at(table, 20), 2);
  EXPECT_EQ(value_at(table, 30), 0);
}

TEST(RangeTableTest, PrefersTheInnermostRange) {
  RangeTable<int> table;
  table.add(10, 100, 1);
  table.add(20, 30, 2);
  table.add(20, 25, 3);
  table.seal();

  EXPECT_EQ(value_at(table, 15), 1);
  EXPECT_EQ(value_at(table, 22), 3);
  EXPECT_EQ(value_at(table, 27), 2);
  EXPECT_EQ(value_at(table, 50), 1) << "behind the inner ones";
}

TEST(RangeTableTest, PrefersTheFirstOfEqualRanges) {
  RangeTable<int> table;
  table.add(10, 20, 1);
  table.add(10, 20, 2);
  table.seal();

  EXPECT_EQ(value_at(table, 10), 1);
  EXPECT_EQ(table.entries().size(), 1U);
}

TEST(RangeTableTest, IgnoresEmptyAndReversedRanges) {
  RangeTable<int> table;
  table.add(10, 10, 1);
  table.add(20, 10, 2);
  table.seal();

  EXPECT_TRUE(table.empty());
  EXPECT_EQ(value_at(table, 10), 0);
}

TEST(RangeTableTest, ReachesTheEndOfTheAddressSpace) {
  RangeTable<int> table;
  table.add(10, ~std::uint64_t{0}, 1);
  table.seal();

  EXPECT_EQ(value_at(table, ~std::uint64_t{0} - 1), 1);
  EXPECT_EQ(value_at(table, ~std::uint64_t{0}), 0);
}

}  // namespace xgops::symbolize
