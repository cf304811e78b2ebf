// SPDX-License-Identifier: MIT
// Waiting for a change of what a lock protects.
#include "support/sync/condition.hpp"

#include "support/sync/rw_lock.hpp"
#include "support/sync/seen_wait.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>

namespace xgops::test::sync {
namespace {

template <class Lock>
Task<> wait_once(Lock& lock, Condition<Lock>& condition, int& woken) {
  co_await lock.lock();
  co_await condition.wait();
  ++woken;
  lock.unlock();
}
Task<> take(Mutex& mutex, Condition<Mutex>& changed, std::deque<int>& values, int& sum, int count) {
  for (int i = 0; i < count; ++i) {
    const auto lock = co_await mutex.scoped();
    while (values.empty()) {
      co_await changed.wait();
    }
    sum += values.front();
    values.pop_front();
  }
}
Task<> put(Mutex& mutex, Condition<Mutex>& changed, std::deque<int>& values, int count) {
  for (int i = 0; i < count; ++i) {
    const auto lock = co_await mutex.scoped();
    values.push_back(1);
    changed.notify_one();
  }
}

TEST(ConditionTest, GivesTheLockBackWhileItWaits) {
  Mutex mutex;
  Condition condition(mutex);
  int woken = 0;
  Executor executor;
  const std::uint64_t waiter = executor.spawn(wait_once(mutex, condition, woken));
  executor.run_until_idle();
  expect_wait(waiter, {.words = "condition wait",
                       .reason = protocol::TaskWaitReason::kConditionWait,
                       .object = &condition});
  EXPECT_EQ(seen_task(waiter)->chain(), "wait wait_once");
  ASSERT_TRUE(mutex.try_lock());

  condition.notify_one();
  executor.run_until_idle();
  EXPECT_EQ(woken, 0) << "the lock is held";
  mutex.unlock();
  executor.run_until_idle();

  EXPECT_EQ(woken, 1);
}

TEST(ConditionTest, WakesOneOrAll) {
  Mutex mutex;
  Condition condition(mutex);
  int woken = 0;
  Executor executor;
  for (int i = 0; i < 4; ++i) {
    executor.spawn(wait_once(mutex, condition, woken));
  }
  executor.run_until_idle();
  ASSERT_EQ(condition.waiting(), 4U);

  condition.notify_one();
  executor.run_until_idle();
  EXPECT_EQ(woken, 1);
  condition.notify_all();
  executor.run_until_idle();

  EXPECT_EQ(woken, 4);
}

TEST(ConditionTest, LosesANotificationThatNobodyWaitsFor) {
  Mutex mutex;
  Condition condition(mutex);
  int woken = 0;
  Executor executor;
  condition.notify_one();
  executor.spawn(wait_once(mutex, condition, woken));

  executor.run_until_idle();

  EXPECT_EQ(woken, 0);
}

TEST(ConditionTest, SaysWhoMayNotify) {
  Mutex mutex;
  Condition condition(mutex);
  int woken = 0;
  Executor executor;
  const std::uint64_t notifier = executor.spawn([](auto& changed) -> Task<> {
    changed.notify_all();
    co_return;
  }(condition));
  condition.add_notifier(notifier);
  condition.seal_notifiers();
  const std::uint64_t waiter = executor.spawn(wait_once(mutex, condition, woken));

  executor.run_until_idle();

  expect_wait(waiter,
              {.words = "condition wait", .reason = protocol::TaskWaitReason::kConditionWait});
  const auto state = make_agent_state();
  const TaskAnswer answer = ask_tasks(*state, {.id = waiter});
  ASSERT_EQ(answer.tasks.size(), 1U);
  EXPECT_NE(answer.tasks.front().argument, reinterpret_cast<std::uint64_t>(&condition))
      << "it is the notifiers who are waited for";
}

TEST(ConditionTest, TakesTheWritingSideOfAnRwLock) {
  RwLock lock;
  Condition condition(lock);
  int woken = 0;
  Executor executor;
  executor.spawn(wait_once(lock, condition, woken));
  executor.run_until_idle();

  condition.notify_all();
  executor.run_until_idle();

  EXPECT_EQ(woken, 1);
}

TEST(ConditionTest, LosesNothingBetweenThreads) {
  Mutex mutex;
  Condition changed(mutex);
  std::deque<int> values;
  int sums[2] = {0, 0};
  Executor executor(4);
  executor.spawn(take(mutex, changed, values, sums[0], 500));
  executor.spawn(take(mutex, changed, values, sums[1], 500));
  executor.spawn(put(mutex, changed, values, 500));
  executor.spawn(put(mutex, changed, values, 500));

  executor.run_until_idle();

  EXPECT_EQ(executor.unfinished(), 0U);
  EXPECT_EQ(sums[0] + sums[1], 1000);
}

}  // namespace
}  // namespace xgops::test::sync
