// SPDX-License-Identifier: MIT
// What only the first who comes does.
#include "support/sync/once.hpp"

#include "support/sync/seen_wait.hpp"
#include "support/sync/wait_group.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <stdexcept>

namespace xgops::test::sync {
namespace {

Task<> wait_counted(Gate& gate, int& calls) {
  ++calls;
  co_await gate.wait();
}
Task<> call_when_open(Once& once, Gate& gate, int& calls, int& returned) {
  co_await once.call([&] { return wait_counted(gate, calls); });
  ++returned;
}
Task<> add_one(std::atomic<int>& calls) {
  calls.fetch_add(1);
  co_return;
}
Task<> count(Once& once, std::atomic<int>& calls) {
  co_await once.call([&] { return add_one(calls); });
}
Task<> call_from_within(Once& once, std::atomic<int>& calls) {
  co_await once.call([&] { return count(once, calls); });
}
Task<> fail_once() {
  throw std::runtime_error("it");
  co_return;
}
Task<> call_failing(Once& once) {
  co_await once.call([] { return fail_once(); });
}

TEST(OnceTest, CallsTheFirstAndLetsTheOthersWait) {
  Once once;
  Gate gate;
  int calls = 0;
  int returned = 0;
  Executor executor;
  const std::uint64_t first = executor.spawn(call_when_open(once, gate, calls, returned));
  const std::uint64_t second = executor.spawn(call_when_open(once, gate, calls, returned));
  executor.run_until_idle();
  EXPECT_EQ(returned, 0);
  expect_wait(second, {.words = "call once",
                       .reason = protocol::TaskWaitReason::kCallOnce,
                       .owner_kind = protocol::TaskOwner::kTask,
                       .owner = first});

  gate.open();
  executor.run_until_idle();
  executor.spawn(call_when_open(once, gate, calls, returned));
  executor.run_until_idle();

  EXPECT_EQ(calls, 1);
  EXPECT_EQ(returned, 3);
}

TEST(OnceTest, WaitsForItselfWhenItIsCalledFromWithin) {
  Once once;
  std::atomic<int> calls{0};
  Executor executor;
  const std::uint64_t task = executor.spawn(call_from_within(once, calls));

  executor.run_until_idle();

  expect_wait(task, {.words = "call once",
                     .reason = protocol::TaskWaitReason::kCallOnce,
                     .owner_kind = protocol::TaskOwner::kTask,
                     .owner = task});
}

TEST(OnceTest, IsDoneEvenWhenTheFunctionThrows) {
  Once once;
  std::atomic<int> calls{0};
  Executor executor;
  executor.spawn(call_failing(once));
  EXPECT_THROW(executor.run_until_idle(), std::runtime_error);

  executor.spawn(count(once, calls));
  executor.run_until_idle();

  EXPECT_EQ(calls, 0);
  EXPECT_EQ(executor.unfinished(), 0U);
}

TEST(OnceTest, CallsOneOnManyThreads) {
  Once once;
  std::atomic<int> calls{0};
  Executor executor(4);
  for (int i = 0; i < 200; ++i) {
    executor.spawn(count(once, calls));
  }

  executor.run_until_idle();

  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace xgops::test::sync
