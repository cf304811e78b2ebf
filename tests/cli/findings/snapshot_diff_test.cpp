// SPDX-License-Identifier: MIT
#include "findings/snapshot_diff.hpp"

#include "cli/findings/look_builder.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace xgops::cli {
namespace {

using protocol::TaskWaitReason;
using protocol::WaitReason;
using test::LookBuilder;

std::uint64_t count(const std::vector<DiffRow>& rows, Change change) {
  DiffReport report;
  report.rows = rows;
  return report.count(change);
}

/// Three tasks at one place, and another place.
Look three_tasks() {
  LookBuilder builder;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    builder.task(id, TaskWaitReason::kChannelReceive).chain = 1;
  }
  builder.look().stacks.tasks->places = {{"ask()", "leak.cpp", 20}, {"ask()", "leak.cpp", 21}};
  builder.look().stacks.tasks->chains = {{1}, {2}};
  return std::move(builder.look());
}

TEST(SnapshotDiffTest, CallsStuckWhatWasNotResumed) {
  const auto rows = compare_looks(three_tasks(), three_tasks());

  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].change, Change::kStuck);
  EXPECT_EQ(rows[0].group.count, 3U);
  EXPECT_FALSE(rows[0].group.site.idle);
}

TEST(SnapshotDiffTest, CallsMovedWhatWasResumedOrWaitsElsewhere) {
  Look younger = three_tasks();
  ++younger.stacks.tasks->tasks[0].resumed;
  younger.stacks.tasks->tasks[1].chain = 2;
  younger.stacks.tasks->tasks[2].state = protocol::TaskState::kRunning;

  const auto rows = compare_looks(three_tasks(), younger);

  EXPECT_EQ(count(rows, Change::kMoved), 3U);
  EXPECT_EQ(count(rows, Change::kStuck), 0U);
}

TEST(SnapshotDiffTest, ComparesPlacesAndNotTheirIds) {
  Look younger = three_tasks();
  std::swap(younger.stacks.tasks->places[0], younger.stacks.tasks->places[1]);
  for (auto& task : younger.stacks.tasks->tasks) {
    task.chain = 2;
  }

  EXPECT_EQ(count(compare_looks(three_tasks(), younger), Change::kStuck), 3U);
}

TEST(SnapshotDiffTest, CallsStuckAlsoWhoWaitsForALockThatChangesHands) {
  Look younger = three_tasks();
  younger.stacks.tasks->tasks[0].owner_kind = protocol::TaskOwner::kTask;
  younger.stacks.tasks->tasks[0].owner = 2;

  EXPECT_EQ(count(compare_looks(three_tasks(), younger), Change::kStuck), 3U);
}

TEST(SnapshotDiffTest, TellsNewFromGone) {
  Look younger = three_tasks();
  younger.stacks.tasks->tasks[0].id = 9;

  const auto rows = compare_looks(three_tasks(), younger);

  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(count(rows, Change::kStuck), 2U);
  EXPECT_EQ(rows[1].change, Change::kNew);
  EXPECT_EQ(rows[1].group.ids, std::vector<std::uint64_t>{9});
  EXPECT_EQ(rows[2].change, Change::kGone);
  EXPECT_EQ(rows[2].group.ids, std::vector<std::uint64_t>{1});
}

TEST(SnapshotDiffTest, LooksAtThreadsToo) {
  LookBuilder before;
  before.thread(1, WaitReason::kMutexLock, 0x10);
  before.thread(2, WaitReason::kMutexLock, 0x10);
  before.thread(3, WaitReason::kMutexLock, 0x10);
  LookBuilder after;
  after.thread(1, WaitReason::kMutexLock, 0x10);
  after.thread(2, WaitReason::kMutexLock, 0x10);
  after.look().stacks.threads.back().facts.cpu_ns = 5;  // It was scheduled.
  after.thread(4, WaitReason::kEpoll);

  const auto rows = compare_looks(before.look(), after.look());

  EXPECT_EQ(count(rows, Change::kStuck), 1U);
  EXPECT_EQ(count(rows, Change::kMoved), 1U);
  EXPECT_EQ(count(rows, Change::kNew), 1U);
  EXPECT_EQ(count(rows, Change::kGone), 1U);
}

TEST(SnapshotDiffTest, PutsIdleOnesBehindTheOthers) {
  LookBuilder builder;
  for (std::uint64_t id = 1; id <= 5; ++id) {
    builder.task(id, TaskWaitReason::kAccept);
  }
  builder.task(6, TaskWaitReason::kMutexLock);

  const auto rows = compare_looks(builder.look(), builder.look());

  ASSERT_EQ(rows.size(), 2U);
  EXPECT_FALSE(rows[0].group.site.idle);
  EXPECT_TRUE(rows[1].group.site.idle);
  EXPECT_EQ(rows[1].group.count, 5U);
}

}  // namespace
}  // namespace xgops::cli
