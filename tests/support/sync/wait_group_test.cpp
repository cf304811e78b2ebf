// SPDX-License-Identifier: MIT
// Waiting for several things to be done.
#include "support/sync/wait_group.hpp"

#include "support/sync/seen_wait.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <stdexcept>

namespace xgops::test::sync {
namespace {

Task<> wait_for(WaitGroup& group) {
  co_await group.wait();
}
Task<> work(WaitGroup& group, std::atomic<int>& done) {
  done.fetch_add(1);
  group.done();
  co_return;
}
Task<> wait_and_read(WaitGroup& group, const std::atomic<int>& done, int& seen) {
  co_await group.wait();
  seen = done.load();
}

TEST(WaitGroupTest, WaitsUntilTheCounterIsZero) {
  WaitGroup group(2);
  Executor executor;
  const std::uint64_t waiter = executor.spawn(wait_for(group));
  executor.run_until_idle();
  expect_wait(waiter, {.words = "wait group", .reason = protocol::TaskWaitReason::kWaitGroup});

  group.done();
  executor.run_until_idle();
  EXPECT_EQ(executor.unfinished(), 1U);
  group.done();
  EXPECT_EQ(seen_task(waiter)->state, SeenTask::kReady);
  executor.run_until_idle();

  EXPECT_EQ(executor.unfinished(), 0U);
}

TEST(WaitGroupTest, DoesNotWaitForNothing) {
  WaitGroup group;
  Executor executor;
  executor.spawn(wait_for(group));

  executor.run_until_idle();

  EXPECT_EQ(executor.unfinished(), 0U);
}

TEST(WaitGroupTest, RefusesANegativeCounter) {
  WaitGroup group(1);
  group.done();

  EXPECT_THROW(group.done(), std::logic_error);
}

TEST(WaitGroupTest, SeesAllWorkOfOtherThreads) {
  constexpr int kWorkers = 500;
  WaitGroup group(kWorkers);
  std::atomic<int> done{0};
  int seen = 0;
  Executor executor(4);
  executor.spawn(wait_and_read(group, done, seen));
  for (int i = 0; i < kWorkers; ++i) {
    executor.spawn(work(group, done));
  }

  executor.run_until_idle();

  EXPECT_EQ(seen, kWorkers);
}

}  // namespace
}  // namespace xgops::test::sync
