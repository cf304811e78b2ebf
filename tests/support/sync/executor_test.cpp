// SPDX-License-Identifier: MIT
// What runs the tasks of the tests.
#include "support/sync/executor.hpp"

#include "seen_task.hpp"
#include "support/sync/channel.hpp"
#include "support/sync/wait_group.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace xgops::test::sync {
namespace {

Task<int> twice(int value) {
  co_return value * 2;
}
Task<int> four_times(int value) {
  co_return co_await twice(co_await twice(value));
}
Task<> store(int& result) {
  result = co_await four_times(10);
}
Task<> fail() {
  throw std::runtime_error("it failed");
  co_return;
}
Task<> fail_inside(bool& caught) {
  try {
    co_await fail();
  } catch (const std::runtime_error&) {
    caught = true;
  }
}
Task<> wait_in(Gate& gate) {
  co_await gate.wait();
}
Task<> wait_at(Gate& gate) {
  co_await wait_in(gate);
}
Task<> step(std::string& log, char who, Gate& gate) {
  log += who;
  co_await gate.wait();
  log += who;
}

TEST(ExecutorTest, RunsTasksThatCallOthers) {
  int result = 0;
  bool caught = false;
  Executor executor;
  executor.spawn(store(result));
  executor.spawn(fail_inside(caught));

  executor.run_until_idle();

  EXPECT_EQ(result, 40);
  EXPECT_TRUE(caught);
}

TEST(ExecutorTest, ThrowsWhatASpawnedTaskThrew) {
  Executor executor(1);
  executor.spawn(fail());

  EXPECT_THROW(executor.run_until_idle(), std::runtime_error);
  EXPECT_NO_THROW(executor.run_until_idle());
}

TEST(ExecutorTest, RunsOneStepAtATime) {
  std::string log;
  Gate gate;
  Executor executor;
  executor.spawn(step(log, 'a', gate));
  executor.spawn(step(log, 'b', gate));

  EXPECT_TRUE(executor.run_one());
  EXPECT_EQ(log, "a");
  EXPECT_TRUE(executor.run_one());
  EXPECT_EQ(log, "ab");
  EXPECT_FALSE(executor.run_one());
  gate.open();
  EXPECT_TRUE(executor.run_one());

  EXPECT_EQ(log, "aba");
}

TEST(ExecutorTest, DestroysTasksThatStillWait) {
  const std::uint64_t before = task_count();
  {
    Gate gate;
    Executor executor;
    const std::uint64_t task = executor.spawn(wait_at(gate));
    executor.run_until_idle();
    EXPECT_EQ(task_count(), before + 1);
    EXPECT_EQ(seen_task(task)->chain(), "wait_in wait_at");
  }

  EXPECT_EQ(task_count(), before);
}

}  // namespace
}  // namespace xgops::test::sync
