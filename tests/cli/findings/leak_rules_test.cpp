// SPDX-License-Identifier: MIT
#include "findings/leak_rules.hpp"

#include "cli/findings/look_builder.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace xgops::cli {
namespace {

using protocol::TaskOwner;
using protocol::TaskWaitReason;
using protocol::WaitReason;
using test::LookBuilder;

constexpr std::uint64_t kObject = 0x1000;

LeaksReport judged(const Look& look, Look later, const LeakOptions& options = {}) {
  later.began = look.ended + std::chrono::seconds(1);
  const Judged first(look);
  const Judged second(later);
  return judge_leaks({first, &second, {}}, options);
}

Look tasks_that_wait(std::uint64_t count, TaskWaitReason reason) {
  LookBuilder builder;
  for (std::uint64_t id = 1; id <= count; ++id) {
    builder.task(id, reason).state_age_ns = 1'000'000'000;
  }
  builder.thread(1, WaitReason::kRunning);
  return std::move(builder.look());
}

/// Of the groups of tasks, the only one.
LeakRow only_row(const LeaksReport& report) {
  LeakRow found;
  for (const LeakRow& row : report.rows) {
    if (!row.group.site.of_threads) {
      EXPECT_EQ(found.group.count, 0U) << "two groups";
      found = row;
    }
  }
  return found;
}

TEST(LeakRulesTest, SayNothingOfAnIdleServerHoweverOldItIs) {
  const Look look = tasks_that_wait(1000, TaskWaitReason::kSocketReceive);

  const LeakRow row = only_row(judged(look, look, {100, std::chrono::milliseconds(1)}));

  EXPECT_EQ(row.leak_class, LeakClass::kNone);
  EXPECT_EQ(row.group.count, 1000U);
  EXPECT_FALSE(row.finding);
}

TEST(LeakRulesTest, CallOldWhatWaitsInsideTheProcess) {
  const Look look = tasks_that_wait(3, TaskWaitReason::kChannelReceive);

  const LeakRow old = only_row(judged(look, look, {100, std::chrono::seconds(1)}));
  const LeakRow young = only_row(judged(look, look, {100, std::chrono::seconds(2)}));

  EXPECT_EQ(old.leak_class, LeakClass::kOld);
  EXPECT_FALSE(old.finding);
  EXPECT_EQ(young.leak_class, LeakClass::kNone);
}

TEST(LeakRulesTest, FindWhatGrowsByMoreThanTheAlarm) {
  const Look before = tasks_that_wait(10, TaskWaitReason::kChannelReceive);

  const LeakRow some =
      only_row(judged(before, tasks_that_wait(110, TaskWaitReason::kChannelReceive)));
  const LeakRow more =
      only_row(judged(before, tasks_that_wait(111, TaskWaitReason::kChannelReceive)));
  const LeakRow less =
      only_row(judged(before, tasks_that_wait(9, TaskWaitReason::kChannelReceive)));

  EXPECT_EQ(some.leak_class, LeakClass::kGrowing);
  EXPECT_EQ(some.growth(), 100);
  EXPECT_FALSE(some.finding);
  EXPECT_EQ(more.leak_class, LeakClass::kGrowing);
  EXPECT_TRUE(more.finding);
  EXPECT_EQ(less.leak_class, LeakClass::kNone);
  EXPECT_EQ(less.growth(), -1);
}

TEST(LeakRulesTest, FindIdleOnesOnlyWhenTheyGrowByMoreThanTheAlarm) {
  const Look before = tasks_that_wait(0, TaskWaitReason::kTimer);

  const LeakRow some = only_row(judged(before, tasks_that_wait(100, TaskWaitReason::kTimer)));
  const LeakRow more = only_row(judged(before, tasks_that_wait(101, TaskWaitReason::kTimer)));

  EXPECT_EQ(some.leak_class, LeakClass::kNone);
  EXPECT_EQ(some.before, 0U);
  EXPECT_EQ(more.leak_class, LeakClass::kGrowing);
  EXPECT_TRUE(more.finding);
}

TEST(LeakRulesTest, KnowNoGrowthWhenTheLookBeforeWasCutShort) {
  Look few_tasks = tasks_that_wait(1, TaskWaitReason::kChannelReceive);
  few_tasks.stacks.tasks->truncated = true;
  Look few_threads = tasks_that_wait(1, TaskWaitReason::kChannelReceive);
  few_threads.incomplete = true;

  for (const Look& before : {few_tasks, few_threads}) {
    const LeakRow row =
        only_row(judged(before, tasks_that_wait(500, TaskWaitReason::kChannelReceive)));

    EXPECT_FALSE(row.before);
    EXPECT_FALSE(row.finding);
  }
}

TEST(LeakRulesTest, CountAsGrowthOnlyWhatIsMoreThanWasNotSeen) {
  Look before = tasks_that_wait(10, TaskWaitReason::kChannelReceive);
  before.stacks.tasks->dropped = 7;
  const auto row_of = [&](std::uint64_t count) {
    return only_row(judged(before, tasks_that_wait(count, TaskWaitReason::kChannelReceive)));
  };

  EXPECT_EQ(row_of(17).leak_class, LeakClass::kNone);
  EXPECT_EQ(row_of(18).leak_class, LeakClass::kGrowing);
  EXPECT_FALSE(row_of(117).finding);
  EXPECT_TRUE(row_of(118).finding);
}

TEST(LeakRulesTest, NameEachMemberOfACircleAndWhoWaitsBehind) {
  LookBuilder builder;
  for (std::uint64_t id = 1; id <= 50; ++id) {
    builder.task(id, TaskWaitReason::kMutexLock);
    builder.object(kObject + (id == 1 ? 1 : 0));
    builder.held_by(TaskOwner::kTask, id == 1 ? 2 : 1);
  }
  builder.thread(1, WaitReason::kRunning);

  const LeaksReport report = judged(builder.look(), builder.look());

  ASSERT_EQ(report.findings(), 2U);
  EXPECT_EQ(report.rows[0].evidence, Evidence::kCycle);
  EXPECT_EQ(report.rows[0].group.count, 2U);
  EXPECT_EQ(report.rows[1].evidence, Evidence::kBehind);
  EXPECT_EQ(report.rows[1].group.count, 48U);
  ASSERT_EQ(report.reasons.size(), 1U);
  EXPECT_EQ(report.reasons[0].rule, "deadlock");
}

TEST(LeakRulesTest, TellAHolderThatHasEndedFromNobodyAtAll) {
  LookBuilder builder;
  for (std::uint64_t id = 1; id <= 40; ++id) {
    builder.task(id, TaskWaitReason::kMutexLock);
    builder.object(kObject);
    builder.held_by(TaskOwner::kGone, 99);
  }
  for (std::uint64_t id = 41; id <= 100; ++id) {
    builder.task(id, TaskWaitReason::kChannelReceive);
    builder.object(2 * kObject);
  }
  builder.holders(2 * kObject, true, {});
  builder.thread(1, WaitReason::kRunning);

  const LeaksReport report = judged(builder.look(), builder.look());

  ASSERT_EQ(report.findings(), 2U);
  EXPECT_EQ(report.rows[0].evidence, Evidence::kHolderGone);
  EXPECT_EQ(report.rows[0].group.count, 40U);
  EXPECT_EQ(report.rows[1].evidence, Evidence::kNobody);
  EXPECT_EQ(report.rows[1].group.count, 60U);
}

TEST(LeakRulesTest, BelieveNoCircleThatMoves) {
  LookBuilder builder;
  builder.task(1, TaskWaitReason::kMutexLock);
  builder.object(kObject);
  builder.held_by(TaskOwner::kTask, 2);
  builder.task(2, TaskWaitReason::kMutexLock);
  builder.object(2 * kObject);
  builder.held_by(TaskOwner::kTask, 1);
  builder.thread(1, WaitReason::kRunning);
  Look later = builder.look();
  ++later.stacks.tasks->tasks[0].resumed;

  EXPECT_EQ(judged(builder.look(), later).findings(), 0U);
}

TEST(LeakRulesTest, DoNotCountThoseBlockedForGoodAsGone) {
  // Of one site: ten wait for a channel without another end, twenty for one with.
  LookBuilder builder;
  for (std::uint64_t id = 1; id <= 30; ++id) {
    builder.task(id, TaskWaitReason::kChannelReceive);
    builder.object(id <= 10 ? kObject : 2 * kObject);
  }
  builder.holders(kObject, true, {});
  builder.thread(1, WaitReason::kRunning);

  const LeaksReport report = judged(builder.look(), builder.look());

  ASSERT_EQ(report.rows.size(), 3U);
  EXPECT_EQ(report.rows[0].group.count, 10U);
  EXPECT_EQ(report.rows[1].group.count, 20U);
  EXPECT_EQ(report.rows[1].before, 20U);
  EXPECT_EQ(report.rows[1].leak_class, LeakClass::kOld);
}

LeaksReport proved(const Look& look, const ProofAnswer& proof, const LeakOptions& options = {}) {
  Look later = look;
  later.began = look.ended + std::chrono::seconds(1);
  const Judged first(look);
  const Judged second(later);
  return judge_leaks({first, &second, {}}, options, &proof);
}
protocol::TaskProof verdict_of(std::uint64_t id, protocol::ProofVerdict verdict) {
  protocol::TaskProof proof;
  proof.id = id;
  proof.verdict = verdict;
  return proof;
}

TEST(LeakRulesTest, FindWhatIsProven) {
  const Look look = tasks_that_wait(3, TaskWaitReason::kChannelReceive);
  ProofAnswer proof;
  proof.tasks = {verdict_of(1, protocol::ProofVerdict::kProven),
                 verdict_of(3, protocol::ProofVerdict::kProven)};

  const LeaksReport report = proved(look, proof);

  EXPECT_EQ(report.findings(), 1U);
  EXPECT_EQ(report.rows.front().leak_class, LeakClass::kBlocked);
  EXPECT_EQ(report.rows.front().evidence, Evidence::kUnreachable);
  EXPECT_EQ(report.rows.front().group.ids, (std::vector<std::uint64_t>{1, 3}));
  ASSERT_TRUE(report.proof);
  EXPECT_EQ(report.proof->proven, 2U);
}

TEST(LeakRulesTest, ShowSuspectsUnlessThereIsMoreToSay) {
  const Look look = tasks_that_wait(3, TaskWaitReason::kChannelReceive);
  ProofAnswer proof;
  proof.tasks = {verdict_of(2, protocol::ProofVerdict::kSuspect)};

  const LeakRow row = only_row(proved(look, proof, {100, std::chrono::milliseconds(1)}));

  EXPECT_EQ(row.leak_class, LeakClass::kSuspect) << "it is old, too";
  EXPECT_FALSE(row.finding);

  proof.tasks = {verdict_of(2, protocol::ProofVerdict::kReachable)};
  EXPECT_EQ(only_row(proved(look, proof)).leak_class, LeakClass::kNone);
}

}  // namespace
}  // namespace xgops::cli
