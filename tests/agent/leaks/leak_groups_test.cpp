// SPDX-License-Identifier: MIT
// Which leaks are shown together, and as what.
#include "support/sync/channel.hpp"
#include "support/sync/executor.hpp"
#include "support/sync/mutex.hpp"
#include "support/sync/wait_group.hpp"
#include "xgops/leak_check.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <string>
#include <thread>

#include <unistd.h>

namespace xgops {
namespace {

using namespace std::chrono_literals;
using test::sync::Executor;
using test::sync::Mutex;
using test::sync::Task;
using test::sync::WaitGroup;

Task<> lock_twice() {
  Mutex mutex;
  co_await mutex.lock();
  co_await mutex.lock();
}
Task<> wait_for(WaitGroup& group) {
  co_await group.wait();
}
Task<> receive(test::sync::Channel<int>& channel) {
  co_await channel.receive();
}
Task<> select_nothing() {
  co_await test::sync::select();
}

LeakReport verify_soon(LeakCheck& check, Executor& executor) {
  executor.run_until_idle();
  return check.verify(LeakOptions().within(10min));
}

TEST(LeakGroupTest, HasAllThatAreBlockedInTheSameWay) {
  Executor executor;
  LeakCheck check;
  for (int i = 0; i < 3; ++i) {
    executor.spawn(lock_twice());
  }

  const LeakReport report = verify_soon(check, executor);

  ASSERT_EQ(report.groups.size(), 1U) << report;
  EXPECT_EQ(report.groups.front().count, 3U);
  EXPECT_EQ(report.groups.front().fate, LeakFate::kBlockedForGood);
  const std::string first = std::to_string(report.groups.front().ids.front());
  EXPECT_EQ(report.groups.front().why, "e.g. in a cycle: task " + first + " waits for itself");
}

TEST(LeakGroupTest, IsAskedAboutEachWithItsOwnReason) {
  Executor executor;
  LeakCheck check;
  executor.spawn(lock_twice());
  const auto second = std::to_string(executor.spawn(lock_twice()));
  executor.run_until_idle();

  const LeakReport report =
      check.verify(LeakOptions().within(10min).ignore_if([&](const LeakGroup& one) {
        return one.why == "in a cycle: task " + second + " waits for itself";
      }));

  EXPECT_EQ(report.tasks, 1U) << report;
}

TEST(LeakGroupTest, SaysThatNoMemberOfAGroupIsLeft) {
  WaitGroup group(1);
  group.seal_members();
  Executor executor;
  LeakCheck check;
  executor.spawn(wait_for(group));

  const LeakReport report = verify_soon(check, executor);

  ASSERT_EQ(report.groups.size(), 1U);
  EXPECT_EQ(report.groups.front().fate, LeakFate::kBlockedForGood);
  EXPECT_EQ(report.groups.front().why, "whose every member is gone");
  EXPECT_TRUE(report.groups.front().object.starts_with("wait group 0x")) << report;
}

TEST(LeakGroupTest, SaysNothingOfAGroupThatAnybodyMayJoin) {
  WaitGroup group(1);
  Executor executor;
  LeakCheck check;
  executor.spawn(wait_for(group));
  executor.run_until_idle();

  const LeakReport report = check.verify(LeakOptions().within(0ms));

  ASSERT_EQ(report.groups.size(), 1U);
  EXPECT_EQ(report.groups.front().fate, LeakFate::kWaiting);
}

TEST(LeakGroupTest, SaysNothingOfThreadsThatWereNotLookedAt) {
  test::sync::Channel<int> channel;
  channel.add_sender(Holder::kThread | static_cast<std::uint64_t>(::gettid()));
  channel.seal();
  Executor executor;
  LeakCheck check;
  executor.spawn(receive(channel));
  executor.run_until_idle();

  const LeakReport report = check.verify(LeakOptions().within(0ms).without_threads());

  ASSERT_EQ(report.groups.size(), 1U);
  EXPECT_EQ(report.groups.front().fate, LeakFate::kWaiting) << report;
}

TEST(LeakGroupTest, SaysThatNobodyCanEndASelect) {
  Executor executor;
  LeakCheck check;
  executor.spawn(select_nothing());

  const LeakReport report = verify_soon(check, executor);

  ASSERT_EQ(report.groups.size(), 1U);
  EXPECT_EQ(report.groups.front().why, "whose every other end is gone");
}

/// Ready again at once, until it is told to stop.
struct Again {
  bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) {
    static constexpr WaitKind kQueued{WaitReason::kPost};
    announce_wait(kQueued);
    Executor::current()->post(self);
  }
  void await_resume() noexcept {}
};
Task<> never_rest(const std::atomic<bool>& stopped, std::atomic<int>& turns) {
  while (!stopped) {
    ++turns;
    co_await Again();
  }
}

TEST(LeakLookTest, DoesNotMissATaskThatNeverRests) {
  for (int round = 0; round < 100; ++round) {
    std::atomic<bool> stopped{false};
    std::atomic<int> turns{0};
    Executor executor(1);
    LeakCheck check;
    executor.spawn(never_rest(stopped, turns));
    while (turns < 100) {
      std::this_thread::yield();
    }

    const LeakReport report = check.verify(LeakOptions().within(0ms));

    stopped = true;
    ASSERT_EQ(report.tasks, 1U) << "round " << round;
  }
}

}  // namespace
}  // namespace xgops
