// SPDX-License-Identifier: MIT
// Leak checks, of tasks of a type of our own and of threads.
#include "xgops/leak_check.hpp"

#include "support/sync/channel.hpp"
#include "support/sync/executor.hpp"
#include "support/sync/mutex.hpp"
#include "support/sync/wait_group.hpp"
#include "xgops/tasks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>

namespace xgops {
namespace {

using namespace std::chrono_literals;
using test::sync::Channel;
using test::sync::Executor;
using test::sync::Mutex;
using test::sync::Task;

Task<> consume(Channel<int>& channel) {
  co_await channel.receive();
}
Task<> lock_twice(Mutex& mutex) {
  co_await mutex.lock();
  co_await mutex.lock();
}
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

LeakOptions soon() {
  return LeakOptions().within(20ms);
}
bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
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
  EXPECT_TRUE(group.frames.front().file.ends_with("leak_check_test.cpp"));
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

TEST(LeakCheckTest, CountsInTheOuterCheckWhatComesOfWhatAnInnerOneBegan) {
  Channel<int> channel;
  Executor executor;
  LeakCheck outer;
  std::uint32_t begun = 0;
  {
    LeakCheck inner;
    begun = xgops_leak_scope_current();  // As an operation notes it that ends later.
    EXPECT_TRUE(inner.verify());
  }
  xgops_task_thread_state.leak_scope = begun;
  executor.spawn(consume(channel));
  executor.run_until_idle();

  EXPECT_EQ(outer.verify(soon()).tasks, 1U);
  xgops_task_thread_state.leak_scope = 0;
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

// Threads.

/// A thread that waits until it is told to end.
class WaitingThread {
 public:
  WaitingThread() : thread_([this] { wait_here(); }) {}
  ~WaitingThread() {
    {
      const std::scoped_lock lock(mutex_);
      ends_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  WaitingThread(const WaitingThread&) = delete;
  WaitingThread& operator=(const WaitingThread&) = delete;

 private:
  [[gnu::noinline]] void wait_here() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ends_; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ends_ = false;
  std::thread thread_;
};

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

// Filters and options.

class FilterTest : public testing::Test {
 protected:
  Channel<int> channel_;
  Executor executor_;
  LeakCheck check_;

  LeakReport verify_with(LeakOptions options) {
    executor_.spawn(consume(channel_));
    executor_.run_until_idle();
    return check_.verify(options.within(20ms));
  }
};

TEST_F(FilterTest, LeavesOutByTheFunctionOnTop) {
  EXPECT_TRUE(verify_with(LeakOptions().ignore_top_function("*consume")));
}
TEST_F(FilterTest, LeavesOutByAnyFunction) {
  EXPECT_TRUE(verify_with(LeakOptions().ignore_any_function("*::consume")));
}
TEST_F(FilterTest, LeavesOutByAPredicate) {
  EXPECT_TRUE(verify_with(LeakOptions().ignore_if([](const LeakGroup& one) {
    return one.count == 1 && one.state == "channel receive" && one.ids.size() == 1;
  })));
}
TEST_F(FilterTest, TellsThatAFilterMatchedNothing) {
  const LeakReport report = verify_with(
      LeakOptions().ignore_top_function("*consume").ignore_any_function("no_such_function"));

  EXPECT_TRUE(report);
  ASSERT_EQ(report.notes.size(), 1U);
  EXPECT_TRUE(contains(report.text(), "\"any function no_such_function\" matched nothing"));
}

TEST(LabelFilterTest, LeavesOutByLabelAndName) {
  LeakCheck check;
  std::vector<Job> jobs;
  {
    const TaskScope scope;
    label_task("kind", "cache");
    jobs.emplace_back("warmer");
    jobs.emplace_back();
  }
  EXPECT_EQ(check.verify(LeakOptions().within(0ms).ignore_task_name("warm*")).tasks, 1U);

  LeakCheck again;
  {
    const TaskScope scope;
    label_task("kind", "cache");
    jobs.emplace_back();
  }
  EXPECT_TRUE(again.verify(LeakOptions().within(0ms).ignore_label("kind", "cache")));
}

TEST(LeakOptionsTest, ThatMakeNoSenseAreErrors) {
  const auto error_of = [](const LeakOptions& options) {
    LeakCheck check;
    const LeakReport report = check.verify(options);
    return report.errors.empty() ? "" : report.errors.front();
  };

  EXPECT_TRUE(contains(error_of(LeakOptions().within(-1ms)), "within()"));
  EXPECT_TRUE(contains(error_of(LeakOptions().ignore_current()), "ignore_current()"));
  EXPECT_TRUE(contains(error_of(LeakOptions().ignore_top_function("")), "empty pattern"));
  EXPECT_TRUE(contains(error_of(LeakOptions().without_threads().ignore_thread_name("x")),
                       "without_threads()"));
  EXPECT_TRUE(contains(error_of(LeakOptions().cleanup([](int) {})), "verify_test_main()"));
  EXPECT_TRUE(contains(error_of(LeakOptions().run_on_failure()), "verify_test_main()"));
  EXPECT_EQ(error_of(LeakOptions()), "");
}

TEST(LeakOptionsTest, StopsWaitingWhenToldTo) {
  Channel<int> channel;
  Executor executor;
  std::stop_source stop;
  LeakCheck check;
  executor.spawn(consume(channel));
  executor.run_until_idle();
  stop.request_stop();

  const LeakReport report = check.verify(LeakOptions().within(10min).until(stop.get_token()));

  EXPECT_EQ(report.tasks, 1U);
  EXPECT_LT(report.waited, 1min);
}

// The whole process.

TEST(VerifyNoneTest, FindsWhatCameAfterTheOptions) {
  Channel<int> channel;
  Executor executor;
  executor.spawn(consume(channel));
  executor.run_until_idle();
  const WaitingThread older;
  const LeakOptions options = LeakOptions().ignore_current().within(20ms);
  EXPECT_TRUE(verify_none(options));

  executor.spawn(consume(channel));
  executor.run_until_idle();
  const WaitingThread younger;
  const LeakReport report = verify_none(options);

  EXPECT_EQ(report.tasks, 1U);
  EXPECT_EQ(report.threads, 1U) << report;
}

TEST(VerifyTestMainTest, FailsWhenTestsPassAndSomethingLeaks) {
  Channel<int> channel;
  Executor executor;
  const LeakOptions options = LeakOptions().ignore_current().within(20ms);
  const auto leaking = [&](int status) {
    return [&, status] {
      executor.spawn(consume(channel));
      executor.run_until_idle();
      return status;
    };
  };
  int cleaned = -1;

  EXPECT_EQ(verify_test_main([] { return 0; }, options), 0);
  testing::internal::CaptureStderr();
  EXPECT_EQ(verify_test_main(leaking(0),
                             LeakOptions(options).cleanup([&](int status) { cleaned = status; })),
            1);
  EXPECT_TRUE(contains(testing::internal::GetCapturedStderr(), "found 1 unexpected task"));
  EXPECT_EQ(cleaned, 0);
  testing::internal::CaptureStderr();
  EXPECT_EQ(verify_test_main(leaking(7), options), 7);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "the failure matters more";
  testing::internal::CaptureStderr();
  EXPECT_EQ(verify_test_main(leaking(7), LeakOptions(options).run_on_failure()), 7);
  EXPECT_TRUE(contains(testing::internal::GetCapturedStderr(), "unexpected task"));
}

TEST(WaitForExitTest, WaitsForTheTasksThatFit) {
  Channel<int> channel;
  Executor executor;
  executor.spawn(consume(channel));
  executor.run_until_idle();
  const auto consumes = [](const TaskView& task) {
    return task.frame_count > 0 && contains(task.frame_functions[0], "consume");
  };

  EXPECT_FALSE(wait_for_exit(consumes, 5ms));
  channel.close();
  executor.run_until_idle();
  EXPECT_TRUE(wait_for_exit(consumes, 30s));
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
