// SPDX-License-Identifier: MIT
// Leak checks, of tasks of a type of our own.
#include "xgops/leak_check.hpp"

#include "leaking.hpp"
#include "leaks/hang_watch.hpp"
#include "support/sync/channel.hpp"
#include "support/sync/executor.hpp"
#include "support/sync/mutex.hpp"
#include "xgops/tasks.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <link.h>
#include <unistd.h>

namespace xgops {
namespace {

using namespace std::chrono_literals;
using test::consume;
using test::contains;
using test::lock_twice;
using test::soon;
using test::sync::Channel;
using test::sync::Executor;
using test::sync::Mutex;
using test::sync::Task;

Task<> lock_both(Mutex& first, Mutex& second, Channel<int>& mine, Channel<int>& theirs) {
  co_await first.lock();
  mine.close();
  co_await theirs.receive();
  co_await second.lock();
}
Task<> finish() {
  co_return;
}
Task<> spawn_consumer(Executor& executor, Channel<int>& channel) {
  executor.spawn(consume(channel));
  co_return;
}

TEST(LeakCheckTest, IsContentWhenAllHasEnded) {
  Executor executor;
  LeakCheck check;
  executor.spawn(finish());
  executor.run_until_idle();

  const LeakReport report = check.verify();

  EXPECT_TRUE(report) << report;
  EXPECT_EQ(report.text(), "no leaks\n");
  EXPECT_LT(report.waited, 1s) << "there was nothing to wait for";
}

TEST(LeakCheckTest, ShowsATaskThatWaits) {
  Channel<int> channel;
  Executor executor;
  LeakCheck check;
  const std::uint64_t id = executor.spawn(consume(channel));
  executor.run_until_idle();

  const LeakReport report = check.verify(soon());

  EXPECT_FALSE(report);
  EXPECT_EQ(report.tasks, 1U);
  EXPECT_EQ(report.threads, 0U);
  ASSERT_EQ(report.groups.size(), 1U);
  const LeakGroup& group = report.groups.front();
  EXPECT_FALSE(group.is_thread);
  EXPECT_EQ(group.count, 1U);
  EXPECT_EQ(group.ids, std::vector{id});
  EXPECT_EQ(group.state, "channel receive");
  EXPECT_EQ(group.fate, LeakFate::kWaiting);
  ASSERT_FALSE(group.frames.empty());
  EXPECT_TRUE(contains(group.frames.front().function, "consume"));
  EXPECT_TRUE(group.frames.front().file.ends_with("leaking.hpp"));
  EXPECT_TRUE(contains(report.text(), "found 1 unexpected task:\ntask " + std::to_string(id) +
                                          " in state channel receive, with "));
  EXPECT_TRUE(contains(report.text(), ": it may go on\n")) << report;
}

TEST(LeakCheckTest, PutsEqualLeaksTogether) {
  Channel<int> first;
  Channel<int> second;
  Executor executor;
  LeakCheck check;
  for (int i = 0; i < 20; ++i) {
    executor.spawn(consume(i % 2 == 0 ? first : second));
  }
  executor.run_until_idle();

  const LeakReport report = check.verify(soon());

  EXPECT_EQ(report.tasks, 20U);
  ASSERT_EQ(report.groups.size(), 1U) << report;
  EXPECT_EQ(report.groups.front().count, 20U);
  EXPECT_EQ(report.groups.front().ids.size(), 16U);
  EXPECT_EQ(report.groups.front().object, "") << "they wait for different channels";
}

TEST(LeakCheckTest, WaitsForWhatEndsByItself) {
  Channel<int> channel;
  Executor executor(1);
  LeakCheck check;
  executor.spawn(consume(channel));
  std::thread closer([&] {
    while (task_count() == 0) {
      std::this_thread::yield();
    }
    std::this_thread::sleep_for(50ms);  // Longer than the first looks of the check.
    channel.close();
  });

  const LeakReport report = check.verify(LeakOptions().within(30s));

  EXPECT_TRUE(report) << report;
  closer.join();
}

TEST(LeakCheckTest, ReportsWhatIsBlockedForGoodAtOnce) {
  Mutex mutex;
  Executor executor;
  LeakCheck check;
  executor.spawn(lock_twice(mutex));
  executor.run_until_idle();

  const LeakReport report = check.verify(LeakOptions().within(10min));

  ASSERT_EQ(report.groups.size(), 1U);
  EXPECT_EQ(report.groups.front().fate, LeakFate::kBlockedForGood);
  EXPECT_TRUE(contains(report.groups.front().why, "waits for itself")) << report;
  EXPECT_LT(report.waited, 1min);
}

TEST(LeakCheckTest, ShowsTheWayAroundACycle) {
  Mutex a;
  Mutex b;
  Channel<int> has_a;
  Channel<int> has_b;
  Executor executor;
  LeakCheck check;
  const auto one = std::to_string(executor.spawn(lock_both(a, b, has_a, has_b)));
  const auto two = std::to_string(executor.spawn(lock_both(b, a, has_b, has_a)));
  executor.run_until_idle();

  const LeakReport report = check.verify(LeakOptions().within(10min));

  EXPECT_EQ(report.tasks, 2U);
  const auto around = [](const std::string& from, const std::string& to) {
    return "in a cycle: task " + from + " waits for task " + to + ", which waits for task " + from;
  };
  EXPECT_TRUE(contains(report.text(), around(one, two)) ||
              contains(report.text(), around(two, one)))
      << report;
}

TEST(LeakCheckTest, SaysThatNobodyIsLeftToSend) {
  Channel<int> channel;
  channel.seal();
  Executor executor;
  LeakCheck check;
  executor.spawn(consume(channel));
  executor.run_until_idle();

  const LeakReport report = check.verify(LeakOptions().within(10min));

  ASSERT_EQ(report.groups.size(), 1U);
  EXPECT_EQ(report.groups.front().why, "whose every sender is gone");
  EXPECT_TRUE(contains(report.text(), " whose every sender is gone: blocked for good")) << report;
}

TEST(LeakCheckTest, CountsWhatTasksMakeAsTheirMakers) {
  Channel<int> channel;
  Executor executor(1);  // Its thread is older than the check.
  LeakCheck check;
  executor.spawn(spawn_consumer(executor, channel));
  executor.run_until_idle();

  EXPECT_EQ(check.verify(soon()).tasks, 1U);
}

TEST(LeakCheckTest, BlamesTheOneOfManyAtOnceThatLeaks) {
  constexpr int kChecks = 8;
  std::vector<std::unique_ptr<Channel<int>>> channels;
  Executor executor(2);
  std::atomic<int> wrong{0};
  std::latch all_open(kChecks);
  std::vector<std::thread> threads;
  for (int i = 0; i < kChecks; ++i) {
    channels.push_back(std::make_unique<Channel<int>>());
  }
  for (int i = 0; i < kChecks; ++i) {
    threads.emplace_back([&, i] {
      LeakCheck check;
      all_open.arrive_and_wait();
      for (int task = 0; task < 50; ++task) {
        executor.spawn(finish());
      }
      if (i == 3) {
        executor.spawn(spawn_consumer(executor, *channels[3]));
      }
      const LeakReport report =
          check.verify(i == 3 ? LeakOptions().within(500ms) : LeakOptions().within(30s));
      wrong += report.tasks == (i == 3 ? 1U : 0U) ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }

  EXPECT_EQ(wrong, 0);
}

TEST(LeakCheckTest, CountsInTheOuterCheckWhatTheInnerOneLeft) {
  Channel<int> channel;
  Executor executor;
  LeakCheck outer;
  {
    LeakCheck inner;
    executor.spawn(consume(channel));
    executor.run_until_idle();
    EXPECT_EQ(inner.verify(soon()).tasks, 1U);
  }
  executor.spawn(consume(channel));
  executor.run_until_idle();

  EXPECT_EQ(outer.verify(soon()).tasks, 2U);
}

TEST(LeakCheckTest, DoesNotCountWhatIsMadeAfterwards) {
  Channel<int> channel;
  Executor executor;
  LeakCheck check;
  EXPECT_TRUE(check.verify());

  executor.spawn(consume(channel));
  executor.run_until_idle();

  EXPECT_EQ(xgops_task_thread_state.leak_scope, 0U);
  EXPECT_EQ(task_count(), 1U);
}

TEST(LeakCheckTest, IsVerifiedOnce) {
  LeakCheck check;
  EXPECT_TRUE(check.verify());

  const LeakReport again = check.verify();

  EXPECT_FALSE(again);
  EXPECT_TRUE(contains(again.text(), "was called before")) << again;
}

TEST(LeakCheckTest, MayHaveNoDeadlineAtAll) {
  LeakCheck check(LeakOptions().hang_after(std::chrono::nanoseconds::max()));
  std::thread ends([] { std::this_thread::sleep_for(50ms); });
  ends.detach();

  const LeakReport report = check.verify(LeakOptions().within(std::chrono::nanoseconds::max()));

  EXPECT_TRUE(report) << report;
}

TEST(LeakCheckTest, SeesEachOfManyThreadsAtOnceInItsOwnCheck) {
  constexpr int kChecks = 4;
  static std::atomic<bool> ends{false};  // The threads outlive the test.
  std::atomic<int> wrong{0};
  std::vector<std::thread> checks;
  for (int i = 0; i < kChecks; ++i) {
    checks.emplace_back([&] {
      for (int round = 0; round < 3; ++round) {
        LeakCheck check;
        std::thread busy([] {
          while (!ends) {
          }
        });
        const LeakReport report = check.verify(LeakOptions().within(1ms));
        wrong += report.threads == 1 ? 0 : 1;
        busy.detach();
      }
    });
  }
  for (std::thread& check : checks) {
    check.join();
  }
  ends = true;

  EXPECT_EQ(wrong, 0);
}

TEST(LeakCheckTest, RefusesToBeInsideATask) {
  const TaskScope scope("a job");
  LeakCheck check;

  const LeakReport report = check.verify();

  EXPECT_FALSE(report);
  EXPECT_TRUE(contains(report.text(), "inside a task")) << report;
}

TEST(HangTest, IsShownAndEndsTheProcess) {
  // In a process of its own: ThreadSanitizer has no threads after a fork.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto hang = [] {
    Mutex mutex;
    Executor executor;
    LeakCheck check(LeakOptions().hang_after(100ms));
    executor.spawn(lock_twice(mutex));
    executor.run_until_idle();
    std::mutex never;
    const std::scoped_lock held(never);
    std::thread([&] { const std::scoped_lock waits(never); }).join();
    (void)check.verify();
  };
  EXPECT_EXIT(hang(), testing::ExitedWithCode(1),
              "hang: the work after .*leak_check_test.cpp:[0-9]+ has not ended after 0.1 s\n"
              "1 task and [0-9]+ threads, 3 of them blocked for good");
  EXPECT_EXIT(hang(), testing::ExitedWithCode(1), "in state mutex lock");
  EXPECT_EXIT(hang(), testing::ExitedWithCode(1), "in state join");
}

TEST(HangTest, IsShownWithoutLocksWhenWhatHangsHoldsOneThatLookingNeeds) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer asks for type information, which what writes dumps does not have";
#endif
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto hang = [] {
    leaks::hang_patience = 1s;
    const LeakCheck check(LeakOptions().hang_after(100ms));
    const auto hold = [](dl_phdr_info*, std::size_t, void*) { return ::pause(); };
    ::dl_iterate_phdr(hold, nullptr);
  };
  EXPECT_EXIT(hang(), testing::ExitedWithCode(1),
              "has not ended after 0.1 s\nhang: looking hangs as well: .*"
              "thread tid=[0-9]+ .*frames tid=.*end threads=");
}

TEST(HangTest, IsNoneWhenTheWorkEnds) {
  LeakCheck check(LeakOptions().hang_after(1h));
  EXPECT_TRUE(check.verify());
}

TEST(LeakCheckDestructorTest, ReportsWhatNobodyAskedFor) {
  Channel<int> channel;
  Executor executor;
  testing::internal::CaptureStderr();
  {
    const LeakCheck check(LeakOptions().within(1ms));
    executor.spawn(consume(channel));
    executor.run_until_idle();
  }
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(contains(text, "leak_check_test.cpp:")) << text;
  EXPECT_TRUE(contains(text, "found 1 unexpected task")) << text;
}

}  // namespace
}  // namespace xgops
