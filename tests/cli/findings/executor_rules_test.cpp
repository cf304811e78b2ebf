// SPDX-License-Identifier: MIT
// What is concluded from what executors do, and from age and numbers.
#include "cli/findings/look_builder.hpp"

#include <gtest/gtest.h>

#include <string>

namespace xgops::cli {
namespace {

using protocol::TaskOwner;
using protocol::TaskState;
using protocol::TaskWaitReason;
using protocol::WaitReason;
using test::findings_of;
using test::LookBuilder;

constexpr std::uint64_t kMutex = 0x1000;

/// One worker, blocked in a handler, and a task that is ready.
LookBuilder starved() {
  LookBuilder builder;
  builder.thread(1, WaitReason::kPipeRead);
  builder.thread(2, WaitReason::kSleep);
  builder.in_executor({"clock_nanosleep", "handler()"});
  builder.task(1, TaskWaitReason::kPost).state = TaskState::kReady;
  return builder;
}

TEST(StarvedExecutorRuleTest, FindsReadyTasksBehindABlockedThread) {
  LookBuilder builder = starved();

  const auto findings = findings_of(find_starved_executors, builder.look());

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].members, (std::vector<Who>{{true, 1}}));
  EXPECT_EQ(findings[0].behind_count, 1U);
}

TEST(StarvedExecutorRuleTest, KeepsSilentWhenAnotherThreadHasNothingToDo) {
  LookBuilder builder = starved();
  builder.thread(3, WaitReason::kEpoll);
  builder.in_executor({"epoll_wait", "asio::detail::epoll_reactor::run(long, X&)"});

  EXPECT_TRUE(findings_of(find_starved_executors, builder.look()).empty());
}

TEST(StarvedExecutorRuleTest, TellsExecutorsApart) {
  LookBuilder builder = starved();
  builder.look().stacks.tasks->tasks[0].executor = 70;
  builder.thread(3, WaitReason::kEpoll);
  builder.in_executor({"epoll_wait", "asio::detail::epoll_reactor::run(long, X&)"});
  builder.look().thread_executors = {{2, std::uint64_t{1} << 6, 0}, {3, std::uint64_t{1} << 5, 0}};

  const auto findings = findings_of(find_starved_executors, builder.look());

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].members, (std::vector<Who>{{true, 1}}));
  EXPECT_NE(findings[0].sentence.find("runs one of the executors is blocked"), std::string::npos)
      << findings[0].sentence;
}

TEST(StarvedExecutorRuleTest, TakesAThreadOfWhichNothingIsKnownForAWorkerOfAll) {
  LookBuilder builder = starved();
  builder.look().stacks.tasks->tasks[0].executor = 6;
  builder.thread(3, WaitReason::kEpoll);
  builder.in_executor({"epoll_wait", "asio::detail::epoll_reactor::run(long, X&)"});
  builder.look().thread_executors = {{2, std::uint64_t{1} << 6, 0}};

  EXPECT_TRUE(findings_of(find_starved_executors, builder.look()).empty());
}

TEST(StarvedExecutorRuleTest, KeepsSilentWhenNobodyIsKnownToRunTheExecutor) {
  LookBuilder builder = starved();
  builder.look().stacks.tasks->tasks[0].executor = 6;
  builder.look().thread_executors = {{2, std::uint64_t{1} << 5, 0}};

  EXPECT_TRUE(findings_of(find_starved_executors, builder.look()).empty());
}

TEST(StarvedExecutorRuleTest, KeepsSilentWhenTheThreadWasScheduled) {
  LookBuilder builder = starved();
  Look later = builder.look();
  later.stacks.threads[1].facts.cpu_ns = 1;

  EXPECT_TRUE(findings_of(find_starved_executors, builder.look(), &later).empty());
}

TEST(StarvedExecutorRuleTest, KeepsSilentWhenOthersMayBeWorkers) {
  LookBuilder builder = starved();
  builder.thread(3, WaitReason::kConditionWait, kMutex);  // A pool of the program's own?

  EXPECT_TRUE(findings_of(find_starved_executors, builder.look()).empty());
}

TEST(StarvedExecutorRuleTest, DoesNotTakeAHandlerThatIsInlinedIntoAsioForTheLoop) {
  LookBuilder builder;
  builder.thread(1, WaitReason::kPipeRead);
  builder.thread(2, WaitReason::kConditionWait, kMutex);
  builder.in_executor({"pthread_cond_wait", "std::condition_variable::wait(X&)",
                       "asio::detail::executor_op<main::{lambda()}>::do_complete(void*)"});
  builder.task(1, TaskWaitReason::kPost).state = TaskState::kReady;

  EXPECT_EQ(findings_of(find_starved_executors, builder.look()).size(), 1U);
}

LookBuilder running_task() {
  LookBuilder builder;
  builder.thread(2, WaitReason::kRunning);
  auto& task = builder.task(1, TaskWaitReason::kNone);
  task.state = TaskState::kRunning;
  task.tid = 2;
  return builder;
}

TEST(StallRuleTest, FindsATaskThatRanAllTheTime) {
  LookBuilder builder = running_task();

  const auto findings = findings_of(find_stalls, builder.look());

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_NE(findings[0].sentence.find("task 1 has run for at least 100 ms"), std::string::npos)
      << findings[0].sentence;
}

TEST(StallRuleTest, SaysWhatTheThreadDidAllTheTime) {
  LookBuilder builder = running_task();
  builder.in_executor({"compute()"});
  Look after = builder.look();
  after.began = builder.look().ended + std::chrono::milliseconds(100);
  const Judged first(builder.look());
  const Judged second(after);
  const std::vector<std::string> functions{"asio::detail::scheduler::run(std::error_code&)",
                                           "compute()", "hash()"};
  const StackSamples samples{{2, {{{1, 2, 3}, functions}, {{1, 2, 4}, functions}}}};

  const auto findings = find_stalls({first, &second, {}, &samples});

  ASSERT_EQ(findings.size(), 1U);
  ASSERT_EQ(findings[0].notes.size(), 2U);
  EXPECT_EQ(findings[0].notes[1],
            "4 looks at its stack: 3 different ones: it makes progress, or goes round; always in "
            "compute()");
}

TEST(StallRuleTest, FindsAHandlerThatBlocks) {
  const auto findings = findings_of(find_stalls, starved().look());

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].members, (std::vector<Who>{{true, 1}}));
  EXPECT_EQ(findings[0].sentence,
            "a handler has blocked its executor's thread 2 \"t2\" for at least 100 ms in a "
            "synchronous call");
}

/// A worker that computes in a handler.
LookBuilder computing(std::uint32_t handler) {
  LookBuilder builder;
  builder.thread(1, WaitReason::kPipeRead);
  builder.thread(2, WaitReason::kRunning);
  builder.in_executor({"compute()"});
  builder.look().thread_executors = {{2, 0, handler}};
  return builder;
}

TEST(StallRuleTest, FindsAHandlerThatComputes) {
  LookBuilder builder = computing(7);
  Look later = builder.look();
  later.stacks.threads[1].facts.cpu_ns = 90'000'000;

  const auto findings = findings_of(find_stalls, builder.look(), &later);

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].sentence,
            "a handler has run for at least 100 ms on its executor's thread 2 \"t2\"");
  EXPECT_EQ(findings[0].notes.size(), 2U);
}

TEST(StallRuleTest, KeepsSilentWhenAnotherHandlerHasBegun) {
  LookBuilder builder = computing(7);
  Look later = computing(8).look();
  later.stacks.threads[1].facts.cpu_ns = 90'000'000;

  EXPECT_TRUE(findings_of(find_stalls, builder.look(), &later).empty());
}

TEST(StallRuleTest, KeepsSilentWhenNobodyCountsHandlersOrTheThreadHadNoCpu) {
  LookBuilder uncounted = computing(0);
  Look later = uncounted.look();
  later.stacks.threads[1].facts.cpu_ns = 90'000'000;
  EXPECT_TRUE(findings_of(find_stalls, uncounted.look(), &later).empty());

  LookBuilder starving = computing(7);
  Look much_later = starving.look();
  much_later.stacks.threads[1].facts.cpu_ns = 40'000'000;
  EXPECT_TRUE(findings_of(find_stalls, starving.look(), &much_later).empty());
}

TEST(StallRuleTest, KeepsSilentWhenAnotherHandlerMayRun) {
  LookBuilder builder = starved();
  Look later = builder.look();
  later.stacks.threads[1].facts.cpu_ns = 1;

  EXPECT_TRUE(findings_of(find_stalls, builder.look(), &later).empty());
}

TEST(StallRuleTest, KeepsSilentWhenItWasSuspendedMeanwhile) {
  LookBuilder builder = running_task();
  Look later = builder.look();
  later.stacks.tasks->tasks[0].resumed = 1;

  EXPECT_TRUE(findings_of(find_stalls, builder.look(), &later).empty());
}

TEST(StallRuleTest, KeepsSilentBelowTheLimit) {
  LookBuilder builder = running_task();
  RuleOptions options;
  options.stall = std::chrono::milliseconds(101);

  EXPECT_TRUE(findings_of(find_stalls, builder.look(), nullptr, options).empty());
}

constexpr std::uint64_t kChannel = 0x2000;

/// Executor 1 has a worker whose loop watches nothing, and two tasks that receive.
LookBuilder asleep() {
  LookBuilder builder;
  builder.thread(1, WaitReason::kPipeRead);
  builder.thread(2, WaitReason::kEpoll).fd = 5;
  builder.in_executor({"epoll_wait", "asio::detail::epoll_reactor::run(long, X&)"});
  builder.look().event_polls = {{5, 2, 0}};
  builder.look().thread_executors = {{2, 2, 0}};
  for (std::uint64_t id = 1; id <= 2; ++id) {
    builder.task(id, TaskWaitReason::kChannelReceive).executor = 1;
    builder.object(kChannel);
  }
  return builder;
}

TEST(ExecutorAsleepRuleTest, FindsTasksThatNothingOfTheirExecutorCanWake) {
  LookBuilder builder = asleep();

  const auto findings = findings_of(find_asleep_executors, builder.look());

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].members, (std::vector<Who>{{false, 0}, {false, 1}}));
}

TEST(ExecutorAsleepRuleTest, KeepsSilentWithATimerOrIo) {
  LookBuilder with_timer = asleep();
  with_timer.task(3, TaskWaitReason::kTimer).executor = 1;
  LookBuilder with_io = asleep();
  with_io.look().event_polls = {{5, 3, 1}};

  EXPECT_TRUE(findings_of(find_asleep_executors, with_timer.look()).empty());
  EXPECT_TRUE(findings_of(find_asleep_executors, with_io.look()).empty());
}

TEST(ExecutorAsleepRuleTest, KeepsSilentWhereAWorkerOrATaskIsNotKnown) {
  LookBuilder with_busy = asleep();
  with_busy.thread(3, WaitReason::kRunning);
  with_busy.in_executor({"work()"});
  LookBuilder with_stray = asleep();
  with_stray.task(3, TaskWaitReason::kChannelReceive);

  EXPECT_TRUE(findings_of(find_asleep_executors, with_busy.look()).empty());
  EXPECT_TRUE(findings_of(find_asleep_executors, with_stray.look()).empty());
}

TEST(ExecutorAsleepRuleTest, KeepsSilentWhenAHolderElsewhereGoesOn) {
  LookBuilder builder = asleep();
  builder.task(3, TaskWaitReason::kMutexLock).executor = 1;
  builder.object(kMutex);
  builder.held_by(TaskOwner::kTask, 4);
  builder.task(4, TaskWaitReason::kTimer).executor = 2;

  EXPECT_TRUE(findings_of(find_asleep_executors, builder.look()).empty());
}

TEST(LockAcrossSuspensionRuleTest, FindsTheOwnerBackInItsLoop) {
  LookBuilder builder;
  builder.thread(1, WaitReason::kMutexLock, kMutex);
  builder.owned_by(2);
  builder.thread(2, WaitReason::kEpoll);
  builder.in_executor({"epoll_wait", "asio::detail::epoll_reactor::run(long, X&)"});

  EXPECT_EQ(findings_of(find_locks_across_suspensions, builder.look()).size(), 1U);
}

TEST(LockAcrossSuspensionRuleTest, KeepsSilentWhileTheOwnerWorks) {
  LookBuilder builder;
  builder.thread(1, WaitReason::kMutexLock, kMutex);
  builder.owned_by(2);
  builder.thread(2, WaitReason::kSocketRead);

  EXPECT_TRUE(findings_of(find_locks_across_suspensions, builder.look()).empty());
}

TEST(NeverResumedRuleTest, MindsTheAge) {
  LookBuilder builder;
  auto& task = builder.task(1, TaskWaitReason::kNone);
  task.state = TaskState::kCreated;
  task.state_age_ns = 9'000'000'000;

  EXPECT_TRUE(findings_of(find_never_resumed, builder.look()).empty());
  RuleOptions options;
  options.older = std::chrono::seconds(9);
  EXPECT_EQ(findings_of(find_never_resumed, builder.look(), nullptr, options).size(), 1U);
}

TEST(ConvoyRuleTest, DoesNotTakeAHolderThatComputesForAChangeOfHands) {
  LookBuilder builder;
  builder.thread(1, WaitReason::kRunning);
  for (std::int32_t tid = 2; tid <= 8; ++tid) {
    builder.thread(tid, WaitReason::kMutexLock, kMutex);
    builder.owned_by(1);
  }
  Look later = builder.look();
  later.stacks.threads[0].facts.cpu_ns = 90'000'000;

  EXPECT_TRUE(findings_of(find_convoys, builder.look(), &later).empty());
}

TEST(ConvoyRuleTest, WantsTheLockToChangeHands) {
  LookBuilder builder;
  builder.thread(9, WaitReason::kRunning);
  for (std::int32_t tid = 10; tid < 15; ++tid) {
    builder.thread(tid, WaitReason::kMutexLock, kMutex);
    builder.owned_by(9);
  }
  Look later = builder.look();
  later.stacks.threads[3].facts.cpu_ns = 5;

  EXPECT_TRUE(findings_of(find_convoys, builder.look()).empty()) << "the same as before";
  EXPECT_EQ(findings_of(find_convoys, builder.look(), &later).size(), 1U);
}

TEST(IoRuleTest, SeesATimerBesideARead) {
  LookBuilder builder;
  builder.task(2, TaskWaitReason::kSocketReceive).parent = 1;

  EXPECT_EQ(findings_of(find_old_reads, builder.look()).size(), 1U);
  builder.task(3, TaskWaitReason::kTimer).parent = 1;
  EXPECT_TRUE(findings_of(find_old_reads, builder.look()).empty());
}

}  // namespace
}  // namespace xgops::cli
