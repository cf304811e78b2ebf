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
  table_->add(0x1000, operation);

  const auto operations = seen();
  ASSERT_EQ(operations.size(), 1U);
  EXPECT_EQ(operations[0].operation, 1U);
  EXPECT_EQ(operations[0].argument_kind, detail::kArgumentDescriptor);
  EXPECT_EQ(operations[0].argument, 12U);
  EXPECT_EQ(operations[0].context, 3U);
  EXPECT_EQ(operations[0].since, 4U);

  table_->remove(0x1000);
  EXPECT_TRUE(seen().empty());
}

TEST_F(PendingTableTest, LetsANewOperationAtTheSameAddressReplaceAForgottenOne) {
  table_->add(0x1000, {.operation = 1});
  table_->add(0x1000, {.operation = 2});

  ASSERT_EQ(seen().size(), 1U);
  EXPECT_EQ(seen()[0].operation, 2U);
}

TEST_F(PendingTableTest, IgnoresTheEndOfWhatItDoesNotKnow) {
  table_->add(0x1000, {.operation = 1});
  table_->remove(0x2000);

  EXPECT_EQ(seen().size(), 1U);
}

TEST_F(PendingTableTest, CountsWhatFindsNoRoom) {
  constexpr std::uint64_t kOperations = 2 * PendingTable::kSlots;
  for (std::uint64_t i = 1; i <= kOperations; ++i) {
    table_->add(i * 64, {.operation = i});
  }

  EXPECT_LE(seen().size(), PendingTable::kSlots);
  EXPECT_EQ(seen().size() + table_->unrecorded(), kOperations);
}

}  // namespace
}  // namespace xgops::tasks
