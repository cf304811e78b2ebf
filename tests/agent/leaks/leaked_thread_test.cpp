// SPDX-License-Identifier: MIT
// Leak checks, of threads.
#include "leaking.hpp"
#include "support/sync/executor.hpp"
#include "xgops/leak_check.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <latch>
#include <mutex>
#include <optional>
#include <thread>

namespace xgops {
namespace {

using namespace std::chrono_literals;
using test::contains;
using test::soon;
using test::WaitingThread;

TEST(LeakedThreadTest, IsShownWithItsStackAndWhoCreatedIt) {
  LeakCheck check;
  const WaitingThread leaked;

  const LeakReport report = check.verify(LeakOptions().within(200ms));

  EXPECT_EQ(report.threads, 1U);
  EXPECT_EQ(report.tasks, 0U);
  ASSERT_EQ(report.groups.size(), 1U) << report;
  const LeakGroup& group = report.groups.front();
  EXPECT_TRUE(group.is_thread);
  EXPECT_EQ(group.state, "condition wait") << report;
  EXPECT_TRUE(std::any_of(group.frames.begin(), group.frames.end(), [](const LeakFrame& frame) {
    return frame.function.find("WaitingThread::wait_here") != std::string::npos;
  })) << report;
  ASSERT_FALSE(group.created.empty());
  EXPECT_TRUE(contains(group.created.front().function, "WaitingThread")) << report;
}

TEST(LeakedThreadTest, IsNoneOnceItHasEnded) {
  LeakCheck check;
  std::thread([] {}).join();
  std::thread([] { std::thread([] {}).detach(); }).join();

  const LeakReport report = check.verify(LeakOptions().within(30s));

  EXPECT_TRUE(report) << report;
}

TEST(LeakedThreadTest, BelongsToTheCheckOfWhoCreatedIt) {
  const WaitingThread older;
  LeakCheck check;
  std::optional<WaitingThread> inner;
  std::thread([&] { inner.emplace(); }).join();
  std::optional<WaitingThread> others;
  std::optional<LeakReport> theirs;
  {
    const test::sync::Executor executor(1);
    EXPECT_EQ(check.verify(LeakOptions().within(100ms)).threads, 2U) << "inner, and the executor's";
  }
}

TEST(LeakedThreadTest, CanBeLeftOut) {
  LeakCheck check;
  const WaitingThread leaked;

  EXPECT_TRUE(check.verify(LeakOptions().without_threads()));
}

TEST(LeakedThreadTest, ThatRunsIsShownAsRunning) {
  std::atomic<bool> ends{false};
  LeakCheck check;
  std::thread busy([&] {
    while (!ends) {
    }
  });

  const LeakReport report = check.verify(soon());

  ASSERT_EQ(report.groups.size(), 1U);
  EXPECT_EQ(report.groups.front().fate, LeakFate::kRunning) << report;
  ends = true;
  busy.join();
}

TEST(LeakedThreadTest, MayBeOneOfTwoThatBlockEachOther) {
  // Never joined: they stay until the process ends.
  struct Locks {
    std::mutex a;
    std::mutex b;
    std::latch both{2};
  };
  auto* const locks = new Locks;
  const auto take = [locks](std::mutex& first, std::mutex& second) {
    const std::scoped_lock one(first);
    locks->both.arrive_and_wait();
    const std::scoped_lock other(second);
  };
  LeakCheck check;
  std::thread([=] { take(locks->a, locks->b); }).detach();
  std::thread([=] { take(locks->b, locks->a); }).detach();

  const LeakReport report = check.verify(LeakOptions().within(10min));

  EXPECT_EQ(report.threads, 2U);
  EXPECT_TRUE(contains(report.text(), "in a cycle")) << report;
}

}  // namespace
}  // namespace xgops
