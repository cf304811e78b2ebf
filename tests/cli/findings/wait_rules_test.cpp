// SPDX-License-Identifier: MIT
// What is concluded from who waits for whom.
#include "cli/findings/look_builder.hpp"

#include <gtest/gtest.h>

namespace xgops::cli {
namespace {

using protocol::OwnerState;
using protocol::TaskOwner;
using protocol::TaskState;
using protocol::TaskWaitReason;
using protocol::WaitReason;
using test::findings_of;
using test::LookBuilder;

constexpr std::uint64_t kLock = 0x1000;
constexpr std::uint64_t kOther = 0x2000;

LookBuilder two_mutexes() {
  LookBuilder builder;
  builder.thread(1, WaitReason::kJoin);
  builder.owned_by(2);
  builder.thread(2, WaitReason::kMutexLock, kLock);
  builder.owned_by(3);
  builder.thread(3, WaitReason::kMutexLock, kOther);
  builder.owned_by(2);
  return builder;
}

TEST(DeadlockRuleTest, FindsTwoThreadsWithTwoMutexesAndWhoJoinsOne) {
  LookBuilder builder = two_mutexes();

  const auto findings = findings_of(find_deadlocks, builder.look());

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].members, (std::vector<Who>{{true, 1}, {true, 2}}));
  EXPECT_EQ(findings[0].behind, (std::vector<Who>{{true, 0}}));
}

TEST(DeadlockRuleTest, KeepsSilentWhenSomebodyWasScheduledMeanwhile) {
  LookBuilder builder = two_mutexes();
  Look later = builder.look();
  later.stacks.threads[1].facts.cpu_ns += 1;

  EXPECT_TRUE(findings_of(find_deadlocks, builder.look(), &later).empty());
}

TEST(DeadlockRuleTest, KeepsSilentWhenTheOwnerChanged) {
  LookBuilder builder = two_mutexes();
  Look later = builder.look();
  later.stacks.threads[1].facts.wait.owner_tid = 1;

  EXPECT_TRUE(findings_of(find_deadlocks, builder.look(), &later).empty());
}

TEST(DeadlockRuleTest, TakesATimedWaitForContention) {
  LookBuilder builder = two_mutexes();
  builder.look().stacks.threads[1].facts.wait.timed = true;

  EXPECT_TRUE(findings_of(find_deadlocks, builder.look()).empty());
}

TEST(DeadlockRuleTest, TakesAProcessSharedMutexForOneThatOthersMayRelease) {
  LookBuilder builder = two_mutexes();
  builder.look().stacks.threads[1].facts.wait.detail = "robust, process-shared";

  EXPECT_TRUE(findings_of(find_deadlocks, builder.look()).empty());
}

TEST(DeadlockRuleTest, SaysThatAThreadWaitsForItsOwnMutex) {
  LookBuilder builder;
  builder.thread(7, WaitReason::kMutexLock, kLock);
  builder.owned_by(7);

  const auto findings = findings_of(find_deadlocks, builder.look());

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].sentence,
            "thread 7 \"t7\" waits for the mutex 0x1000 that it holds itself");
}

TEST(DeadlockRuleTest, GoesFromTasksToThreadsAndBack) {
  LookBuilder builder;
  builder.thread(1, WaitReason::kMutexLock, kLock);  // Runs task 5.
  builder.owned_by(2);
  builder.thread(2, WaitReason::kMutexLock, kOther);
  builder.look().announced.push_back(
      {2, TaskWaitReason::kMutexLock, kOther, {TaskOwner::kTask, 6}, ""});
  auto& running = builder.task(5, TaskWaitReason::kNone);
  running.state = TaskState::kRunning;
  running.tid = 1;
  builder.task(6, TaskWaitReason::kJoin);
  builder.look().stacks.tasks->tasks[1].argument_kind = protocol::TaskArgument::kTask;
  builder.look().stacks.tasks->tasks[1].argument = 5;

  const auto findings = findings_of(find_deadlocks, builder.look());

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].members.size(), 4U) << "both threads and both tasks";
}

TEST(DeadlockRuleTest, KnowsThatAQueuedWriterKeepsReadersOut) {
  LookBuilder builder;
  builder.thread(1, WaitReason::kMutexLock, kOther);  // Reads kLock, as the count below says.
  builder.owned_by(2);
  builder.thread(2, WaitReason::kRwlockRead, kLock).readers = 1;
  builder.thread(3, WaitReason::kRwlockWrite, kLock).readers = 1;

  // Who reads is not known: nobody is left to let go.
  EXPECT_TRUE(findings_of(find_deadlocks, builder.look()).empty());
  const auto findings = findings_of(find_nobody_can_run, builder.look());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].members.front(), (Who{true, 2})) << "the writer, for unknown readers";
  EXPECT_EQ(findings[0].members.size(), 3U);
}

TEST(DeadlockRuleTest, TiesAReceiverToTheOnlySenderThatWantsItsLock) {
  LookBuilder builder;
  builder.task(1, TaskWaitReason::kChannelReceive);
  builder.object(kLock);
  builder.task(2, TaskWaitReason::kMutexLock);
  builder.object(kOther);
  builder.held_by(TaskOwner::kTask, 1);
  builder.holders(kLock, true, {{TaskOwner::kTask, 2}});

  EXPECT_EQ(findings_of(find_deadlocks, builder.look()).size(), 1U);
}

TEST(DeadlockRuleTest, AllowsForSendersThatNobodyNamed) {
  LookBuilder builder;
  builder.thread(1, WaitReason::kSleep);
  builder.task(1, TaskWaitReason::kChannelReceive);
  builder.object(kLock);
  builder.task(2, TaskWaitReason::kMutexLock);
  builder.object(kOther);
  builder.held_by(TaskOwner::kTask, 1);
  builder.holders(kLock, true, {{TaskOwner::kTask, 2}}, false);

  EXPECT_TRUE(findings_of(find_deadlocks, builder.look()).empty());
}

constexpr std::uint32_t kWhereItWaits = 1;
constexpr std::uint32_t kElsewhere = 2;

/// Task 1 waits for two that it created.
void waits_for_two_children(LookBuilder& builder, TaskWaitReason reason) {
  auto& tasks = *builder.look().stacks.tasks;
  tasks.places = {{"parent", "parent.cpp", 1}, {"parent", "parent.cpp", 2}};
  tasks.chains = {{kWhereItWaits}};
  auto& parent = builder.task(1, reason);
  parent.chain = 1;
  parent.argument_kind = protocol::TaskArgument::kCount;
  parent.argument = 2;
}

/// Task 2 is its child.
protocol::Task& wants_lock_of_parent(LookBuilder& builder) {
  auto& task = builder.child(2, TaskWaitReason::kMutexLock, 1);
  builder.object(kLock);
  builder.held_by(TaskOwner::kTask, 1);
  return task;
}

TEST(DeadlockRuleTest, WaitsForAllChildrenOrForTheFirst) {
  for (const auto reason : {TaskWaitReason::kAllOf, TaskWaitReason::kFirstOf}) {
    LookBuilder builder;
    waits_for_two_children(builder, reason);
    wants_lock_of_parent(builder).created_at = kWhereItWaits;
    builder.child(3, TaskWaitReason::kTimer, 1).created_at = kWhereItWaits;

    EXPECT_EQ(findings_of(find_deadlocks, builder.look()).size(),
              reason == TaskWaitReason::kAllOf ? 1U : 0U);
  }
}

TEST(DeadlockRuleTest, TakesNoTaskThatGoesOnByItselfForOneThatIsAwaited) {
  LookBuilder builder;
  waits_for_two_children(builder, TaskWaitReason::kAllOf);
  wants_lock_of_parent(builder).created_at = kElsewhere;
  // The other one that is awaited has ended.
  builder.child(3, TaskWaitReason::kTimer, 1).created_at = kWhereItWaits;

  EXPECT_TRUE(findings_of(find_deadlocks, builder.look()).empty());
}

TEST(DeadlockRuleTest, KeepsSilentWhenATaskWasResumedMeanwhile) {
  LookBuilder builder;
  builder.task(1, TaskWaitReason::kMutexLock);
  builder.object(kLock);
  builder.held_by(TaskOwner::kTask, 1);
  Look later = builder.look();
  later.stacks.tasks->tasks[0].resumed = 1;

  EXPECT_EQ(findings_of(find_deadlocks, builder.look()).size(), 1U);
  EXPECT_TRUE(findings_of(find_deadlocks, builder.look(), &later).empty());
}

TEST(HolderGoneRuleTest, FindsAMutexOfAThreadThatExited) {
  LookBuilder builder;
  builder.thread(1, WaitReason::kMutexLock, kLock);
  builder.owned_by(9, OwnerState::kExited);

  const auto findings = findings_of(find_gone_holders, builder.look());

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].sentence,
            "thread 1 \"t1\" waits for the mutex 0x1000, which thread 9 held when it ended: nobody "
            "will give it back");
}

TEST(HolderGoneRuleTest, PutsAllWaitersOfOneLockTogether) {
  LookBuilder builder;
  for (std::uint64_t id = 1; id <= 40; ++id) {
    builder.task(id, TaskWaitReason::kMutexLock);
    builder.object(kLock);
    builder.held_by(TaskOwner::kGone, 99);
  }

  const auto findings = findings_of(find_gone_holders, builder.look());

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].members.size() + findings[0].unlisted, 40U);
}

TEST(HolderGoneRuleTest, FindsAChannelWithoutAnotherEndAndAGroupWithoutMembers) {
  LookBuilder builder;
  builder.task(1, TaskWaitReason::kChannelSend);
  builder.object(kLock);
  builder.task(2, TaskWaitReason::kWaitGroup);
  builder.object(kOther);
  builder.holders(kLock, true, {});
  builder.holders(kOther, false, {{TaskOwner::kGone, 7}});

  const auto findings = findings_of(find_gone_holders, builder.look());

  ASSERT_EQ(findings.size(), 2U);
  EXPECT_NE(findings[0].sentence.find("whose other end nobody holds"), std::string::npos);
  EXPECT_NE(findings[1].sentence.find("task 7"), std::string::npos) << findings[1].sentence;
}

TEST(HolderGoneRuleTest, LetsAReceiverWaitForTheSenderThatLives) {
  LookBuilder builder;
  builder.thread(1, WaitReason::kSleep);
  builder.task(1, TaskWaitReason::kChannelReceive);
  builder.object(kLock);
  builder.task(2, TaskWaitReason::kTimer);
  builder.holders(kLock, true, {{TaskOwner::kGone, 7}, {TaskOwner::kTask, 2}});

  EXPECT_TRUE(findings_of(find_gone_holders, builder.look()).empty());
}

TEST(NobodyCanRunRuleTest, FindsSleepersWhoseWakerIsNoMore) {
  LookBuilder builder;
  builder.thread(1, WaitReason::kJoin);
  builder.owned_by(2);
  builder.thread(2, WaitReason::kConditionWait, kLock);

  const auto findings = findings_of(find_nobody_can_run, builder.look());

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].members, (std::vector<Who>{{true, 1}}));
  EXPECT_EQ(findings[0].behind, (std::vector<Who>{{true, 0}}));
}

TEST(NobodyCanRunRuleTest, KeepsSilentAsLongAsTheWorldMayWakeSomebody) {
  for (const WaitReason reason :
       {WaitReason::kSocketRead, WaitReason::kSleep, WaitReason::kSignalWait, WaitReason::kRunning,
        WaitReason::kEpoll, WaitReason::kUnknown, WaitReason::kPipeRead}) {
    LookBuilder builder;
    builder.thread(1, reason);
    builder.thread(2, WaitReason::kConditionWait, kLock);

    EXPECT_TRUE(findings_of(find_nobody_can_run, builder.look()).empty())
        << static_cast<int>(reason);
  }
}

TEST(NobodyCanRunRuleTest, LooksIntoEventLoops) {
  LookBuilder builder;
  builder.thread(1, WaitReason::kEpoll).fd = 4;
  builder.task(1, TaskWaitReason::kChannelReceive);
  builder.object(kLock);
  builder.look().event_polls = {{4, 2, 0}};
  LookBuilder not_asio = builder;
  builder.in_executor({"epoll_wait", "asio::detail::epoll_reactor::run(long, X&)"});
  LookBuilder with_socket = builder;
  with_socket.look().event_polls = {{4, 2, 1}};

  EXPECT_EQ(findings_of(find_nobody_can_run, builder.look()).size(), 1U);
  EXPECT_TRUE(findings_of(find_nobody_can_run, with_socket.look()).empty());
  EXPECT_TRUE(findings_of(find_nobody_can_run, not_asio.look()).empty())
      << "others may have its eventfd";
}

TEST(NobodyCanRunRuleTest, AllowsForSignalHandlersThatPostSemaphores) {
  LookBuilder builder;
  builder.thread(1, WaitReason::kSemaphore, kLock);

  EXPECT_EQ(findings_of(find_nobody_can_run, builder.look()).size(), 1U);
  builder.look().caught_signals = 2;
  EXPECT_TRUE(findings_of(find_nobody_can_run, builder.look()).empty());
}

TEST(NobodyCanRunRuleTest, DoesNotMindAPoolWithNothingToDo) {
  LookBuilder builder;
  builder.thread(1, WaitReason::kJoin);
  builder.owned_by(2);
  builder.thread(2, WaitReason::kConditionWait, kLock);
  builder.in_executor({"pthread_cond_wait", "asio::detail::posix_event::wait<X>(X&)"});

  EXPECT_TRUE(findings_of(find_nobody_can_run, builder.look()).empty());
}

TEST(NobodyCanRunRuleTest, LeavesTheWordToTheDeadlock) {
  LookBuilder builder = two_mutexes();
  builder.thread(4, WaitReason::kConditionWait, 0x3000);

  EXPECT_TRUE(findings_of(find_nobody_can_run, builder.look()).empty());
}

}  // namespace
}  // namespace xgops::cli
