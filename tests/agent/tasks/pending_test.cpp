// SPDX-License-Identifier: MIT
// Operations with a callback: remembered from their creation to their completion.
#include "tasks/pending.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace xgops::tasks {
namespace {

class PendingTableTest : public testing::Test {
 protected:
  /// The leak scope that is given back.
  std::uint32_t add(std::uint64_t key, const PendingOperation& operation) {
    return table_->add(key, operation);
  }
  std::uint32_t remove(std::uint64_t key) { return table_->remove(key); }
  [[nodiscard]] std::vector<PendingOperation> seen() const {
    std::vector<PendingOperation> operations;
    table_->visit([&](const PendingOperation& operation) { operations.push_back(operation); });
    return operations;
  }

  // Too large for a stack.
  const std::unique_ptr<PendingTable> table_ = std::make_unique<PendingTable>();
};

TEST_F(PendingTableTest, ShowsAnOperationUntilItCompletes) {
  const PendingOperation operation{.operation = 1,
                                   .argument_kind = detail::kArgumentDescriptor,
                                   .argument = 12,
                                   .context = 3,
                                   .since = 4};
  add(0x1000, operation);

  const auto operations = seen();
  ASSERT_EQ(operations.size(), 1U);
  EXPECT_EQ(operations[0].operation, 1U);
  EXPECT_EQ(operations[0].argument_kind, detail::kArgumentDescriptor);
  EXPECT_EQ(operations[0].argument, 12U);
  EXPECT_EQ(operations[0].context, 3U);
  EXPECT_EQ(operations[0].since, 4U);

  remove(0x1000);
  EXPECT_TRUE(seen().empty());
}

TEST_F(PendingTableTest, LetsANewOperationAtTheSameAddressReplaceAForgottenOne) {
  add(0x1000, {.operation = 1});
  add(0x1000, {.operation = 2});

  ASSERT_EQ(seen().size(), 1U);
  EXPECT_EQ(seen()[0].operation, 2U);
}

TEST_F(PendingTableTest, IgnoresTheEndOfWhatItDoesNotKnow) {
  add(0x1000, {.operation = 1});
  remove(0x2000);

  EXPECT_EQ(seen().size(), 1U);
}

TEST_F(PendingTableTest, GivesBackEachLeakScopeOnce) {
  EXPECT_EQ(add(0x1000, {.operation = 1, .leak_scope = 5}), 0U);
  EXPECT_EQ(add(0x1000, {.operation = 2, .leak_scope = 6}), 5U) << "forgotten";
  EXPECT_EQ(remove(0x1000), 6U);
  EXPECT_EQ(remove(0x1000), 0U);
  EXPECT_EQ(add(0x1000, {.operation = 3, .leak_scope = 7}), 0U);
  std::uint32_t given_back = 0;
  for (std::uint64_t i = 100; given_back == 0 && i <= 2 * PendingTable::kSlots; ++i) {
    given_back = add(i * 64, {.operation = i, .leak_scope = 8});
  }
  EXPECT_EQ(given_back, 8U) << "for want of room";
}

TEST_F(PendingTableTest, CountsWhatFindsNoRoom) {
  constexpr std::uint64_t kOperations = 2 * PendingTable::kSlots;
  for (std::uint64_t i = 1; i <= kOperations; ++i) {
    add(i * 64, {.operation = i});
  }

  EXPECT_LE(seen().size(), PendingTable::kSlots);
  EXPECT_EQ(seen().size() + table_->unrecorded(), kOperations);
}

}  // namespace
}  // namespace xgops::tasks
