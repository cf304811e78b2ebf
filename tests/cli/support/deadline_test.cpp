// SPDX-License-Identifier: MIT
// A moment after which one stops waiting.
#include "support/deadline.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace xgops::cli {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(DeadlineTest, PassesAndCanBeExtended) {
  Deadline deadline = Deadline::after(milliseconds(0));
  EXPECT_TRUE(deadline.passed());
  EXPECT_EQ(deadline.poll_timeout_ms(), 0);

  deadline.extend(hours(1));

  EXPECT_FALSE(deadline.passed());
  EXPECT_GT(deadline.poll_timeout_ms(), 0);
}

TEST(DeadlineTest, FitsIntoWhatPollTakes) {
  EXPECT_GT(Deadline::after(hours(24 * 365)).poll_timeout_ms(), 0);
  EXPECT_EQ(Deadline::after(milliseconds(30)).length(), milliseconds(30));
}

}  // namespace
}  // namespace xgops::cli
