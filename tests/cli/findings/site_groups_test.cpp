// SPDX-License-Identifier: MIT
#include "findings/site_groups.hpp"

#include "cli/findings/look_builder.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <utility>

namespace xgops::cli {
namespace {

using protocol::TaskArgument;
using protocol::TaskState;
using protocol::TaskWaitReason;
using protocol::WaitReason;
using test::LookBuilder;

/// Two places, and a chain to each.
void add_places(Look& look) {
  look.stacks.tasks->places = {{"ask()", "leak.cpp", 20}, {"serve()", "leak.cpp", 31}};
  look.stacks.tasks->chains = {{1}, {2}};
}

TEST(SiteGroupsTest, PutTogetherWhatWasCreatedAndWaitsAtOnePlace) {
  LookBuilder builder;
  for (std::uint64_t id = 1; id <= 12; ++id) {
    protocol::Task& task = builder.task(id, TaskWaitReason::kChannelReceive);
    task.created_at = 2;
    task.chain = id == 12 ? 2 : 1;
    task.state_age_ns = static_cast<std::int64_t>(id);
  }
  add_places(builder.look());

  const auto groups = group_by_site(builder.look());

  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].count, 11U);
  EXPECT_EQ(groups[0].site.place.function, "ask()");
  EXPECT_EQ(groups[0].site.created.line, 31U);
  EXPECT_EQ(groups[0].site.wait, "channel receive");
  EXPECT_EQ(groups[0].oldest_ns, 11);
  EXPECT_EQ(groups[0].youngest_ns, 1);
  EXPECT_EQ(groups[0].ids, (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(groups[1].count, 1U);
}

TEST(SiteGroupsTest, AreTheSameForOnePlaceWithTwoIds) {
  LookBuilder builder;
  builder.task(1, TaskWaitReason::kSemaphore).chain = 1;
  builder.task(2, TaskWaitReason::kSemaphore).chain = 2;
  builder.look().stacks.tasks->places = {{"ask()", "leak.cpp", 20}, {"ask()", "leak.cpp", 20}};
  builder.look().stacks.tasks->chains = {{1}, {2}};

  const auto groups = group_by_site(builder.look());

  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].count, 2U);
}

TEST(SiteGroupsTest, TellMarksApartAndLeaveOut) {
  LookBuilder builder;
  builder.thread(1, WaitReason::kMutexLock);
  builder.thread(2, WaitReason::kMutexLock);
  builder.thread(3, WaitReason::kMutexLock);
  builder.thread(4, WaitReason::kMutexLock);
  builder.look().stacks.threads[3].facts.is_agent = true;

  EXPECT_EQ(group_by_site(builder.look()).at(0).count, 3U);
  const auto groups = group_by_site(builder.look(), {1, kNotGrouped, 2, 0});

  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].mark, 1);
  EXPECT_EQ(groups[0].ids, std::vector<std::uint64_t>{1});
  EXPECT_EQ(groups[1].ids, std::vector<std::uint64_t>{3});
}

TEST(SiteGroupsTest, KnowHowIdleServersWait) {
  LookBuilder builder;
  const auto idle = [&](TaskWaitReason reason) { return waits_idly(builder.task(1, reason)); };

  for (const auto reason :
       {TaskWaitReason::kAccept, TaskWaitReason::kSocketReceive, TaskWaitReason::kTimer,
        TaskWaitReason::kSignal, TaskWaitReason::kPost, TaskWaitReason::kOperation,
        TaskWaitReason::kUnknown, TaskWaitReason::kJoin, TaskWaitReason::kFirstOf}) {
    EXPECT_TRUE(idle(reason)) << static_cast<int>(reason);
  }
  for (const auto reason : {TaskWaitReason::kMutexLock, TaskWaitReason::kChannelSend,
                            TaskWaitReason::kConditionWait, TaskWaitReason::kCustom}) {
    EXPECT_FALSE(idle(reason)) << static_cast<int>(reason);
  }
  protocol::Task& condition = builder.task(2, TaskWaitReason::kTimer);
  condition.argument_kind = TaskArgument::kExpiry;
  condition.argument = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  EXPECT_FALSE(waits_idly(condition)) << "a timer that never expires is a condition";
  condition.state = TaskState::kReady;
  EXPECT_TRUE(waits_idly(condition));
}

TEST(SiteGroupsTest, BelieveWhatAThreadAnnounces) {
  LookBuilder builder;
  builder.thread(1, WaitReason::kConditionWait);
  builder.look().announced = {{1, TaskWaitReason::kMutexLock, 0x10, {}, ""}};

  const auto groups = group_by_site(builder.look());

  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].site.wait, "mutex lock");
  EXPECT_FALSE(groups[0].site.idle);
}

}  // namespace
}  // namespace xgops::cli
