// SPDX-License-Identifier: MIT
// The lock for tasks.
#include "support/sync/mutex.hpp"

#include "support/sync/seen_wait.hpp"
#include "support/sync/wait_group.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <vector>

namespace xgops::test::sync {
namespace {

Task<> log_under(Mutex& mutex, std::vector<int>& log, int who) {
  const auto lock = co_await mutex.scoped();
  log.push_back(who);
}
Task<> hold_until(Mutex& mutex, Gate& gate) {
  const auto lock = co_await mutex.scoped();
  co_await gate.wait();
}
Task<> leave_locked(Mutex& mutex) {
  co_await mutex.lock();
}
Task<> lock_twice(Mutex& mutex) {
  co_await mutex.lock();
  co_await mutex.lock();
}
Task<> count_under(Mutex& mutex, std::int64_t& counter, int times) {
  for (int i = 0; i < times; ++i) {
    const auto lock = co_await mutex.scoped();
    ++counter;
  }
}

TEST(MutexTest, GoesToThoseWhoWaitInTheirOrder) {
  Mutex mutex;
  Gate gate;
  std::vector<int> log;
  Executor executor;
  executor.spawn(hold_until(mutex, gate));
  for (const int who : {1, 2, 3}) {
    executor.spawn(log_under(mutex, log, who));
  }
  executor.run_until_idle();
  EXPECT_EQ(mutex.waiting(), 3U);
  EXPECT_TRUE(log.empty());

  gate.open();
  executor.run_until_idle();

  EXPECT_EQ(log, (std::vector{1, 2, 3}));
  EXPECT_EQ(executor.unfinished(), 0U);
  EXPECT_TRUE(mutex.try_lock());
}

TEST(MutexTest, LetsOneTaskInAtATime) {
  Mutex mutex;
  std::int64_t counter = 0;
  Executor executor(4);
  for (int i = 0; i < 20; ++i) {
    executor.spawn(count_under(mutex, counter, 200));
  }

  executor.run_until_idle();

  EXPECT_EQ(counter, 4000);
}

TEST(MutexTest, ShowsTheTaskThatHoldsIt) {
  Mutex mutex;
  Gate gate;
  std::vector<int> log;
  Executor executor;
  const std::uint64_t holder = executor.spawn(hold_until(mutex, gate));
  const std::uint64_t waiter = executor.spawn(log_under(mutex, log, 1));

  executor.run_until_idle();

  expect_wait(waiter, {.words = "mutex lock",
                       .reason = protocol::TaskWaitReason::kMutexLock,
                       .owner_kind = protocol::TaskOwner::kTask,
                       .owner = holder});
  expect_wait(holder, {.words = "gate", .reason = protocol::TaskWaitReason::kCustom});
}

TEST(MutexTest, ShowsATaskThatWaitsForItself) {
  Mutex mutex;
  Executor executor;
  const std::uint64_t task = executor.spawn(lock_twice(mutex));

  executor.run_until_idle();

  expect_wait(task, {.words = "mutex lock",
                     .reason = protocol::TaskWaitReason::kMutexLock,
                     .owner_kind = protocol::TaskOwner::kTask,
                     .owner = task});
}

TEST(MutexTest, ShowsThatItsHolderIsGone) {
  Mutex mutex;
  std::vector<int> log;
  Executor executor;
  const std::uint64_t holder = executor.spawn(leave_locked(mutex));
  const std::uint64_t waiter = executor.spawn(log_under(mutex, log, 1));

  executor.run_until_idle();

  expect_wait(waiter, {.words = "mutex lock",
                       .reason = protocol::TaskWaitReason::kMutexLock,
                       .owner_kind = protocol::TaskOwner::kGone,
                       .owner = holder});
}

TEST(MutexTest, NamesTheNextHolderWhenItIsHandedOver) {
  Mutex mutex;
  Gate first_gate;
  Gate second_gate;
  std::vector<int> log;
  Executor executor;
  executor.spawn(hold_until(mutex, first_gate));
  const std::uint64_t second = executor.spawn(hold_until(mutex, second_gate));
  const std::uint64_t waiter = executor.spawn(log_under(mutex, log, 1));
  executor.run_until_idle();

  first_gate.open();
  ASSERT_TRUE(executor.run_one());  // The first unlocks; the second has not run yet.

  EXPECT_EQ(seen_task(second)->state, SeenTask::kReady);

  expect_wait(waiter, {.words = "mutex lock",
                       .reason = protocol::TaskWaitReason::kMutexLock,
                       .owner_kind = protocol::TaskOwner::kTask,
                       .owner = second});
}

TEST(MutexTest, ForgetsTasksThatAreDestroyedWhileTheyWait) {
  Mutex mutex;
  ASSERT_TRUE(mutex.try_lock());
  {
    std::vector<int> log;
    Executor executor;
    executor.spawn(log_under(mutex, log, 1));
    executor.run_until_idle();
    ASSERT_EQ(mutex.waiting(), 1U);
  }

  EXPECT_EQ(mutex.waiting(), 0U);
  mutex.unlock();
  EXPECT_TRUE(mutex.try_lock());
}

TEST(MutexTest, RefusesToBeUnlockedWhenItIsNot) {
  Mutex mutex;

  EXPECT_THROW(mutex.unlock(), std::logic_error);
}

}  // namespace
}  // namespace xgops::test::sync
