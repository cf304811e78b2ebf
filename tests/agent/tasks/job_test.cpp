// SPDX-License-Identifier: MIT
// Work that is no coroutine.
#include "seen_task.hpp"
#include "xgops/tasks.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <thread>
#include <utility>

#include <unistd.h>

namespace xgops::test {
namespace {

TEST(JobTest, IsQueuedUntilItRuns) {
  const Job job("resize");

  const auto seen = seen_task(job.id());

  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->state, SeenTask::kCreated);
  EXPECT_EQ(seen->name, "resize");
  EXPECT_TRUE(seen->frames.empty());
  EXPECT_EQ(seen->parent, 0U);
}

TEST(JobTest, RunsOnTheThreadThatRunsIt) {
  Job job;
  SeenTask seen;

  std::thread([&] {
    const auto running = job.run();
    EXPECT_EQ(current_task_id(), job.id());
    seen = seen_task(job.id()).value();
    EXPECT_EQ(seen.tid, ::gettid());
  }).join();

  EXPECT_EQ(seen.state, SeenTask::kRunning);
  EXPECT_EQ(seen_task(job.id())->state, SeenTask::kReady) << "queued again";
  EXPECT_EQ(current_task_id(), 0U);
}

TEST(JobTest, IsGoneWithItsObject) {
  const std::uint64_t before = task_count();
  std::uint64_t id = 0;
  {
    Job job;
    Job moved = std::move(job);
    id = moved.id();
    EXPECT_EQ(task_count(), before + 1);
  }

  EXPECT_EQ(task_count(), before);
  EXPECT_FALSE(seen_task(id));
}

TEST(JobTest, IsTheParentOfWhatItCreates) {
  Job outer("outer");
  const auto running = outer.run();
  const Job inner("inner");

  EXPECT_EQ(seen_task(inner.id())->parent, outer.id());
}

TEST(JobTest, CanBeNested) {
  const TaskScope outer("outer");
  const std::uint64_t outer_id = current_task_id();
  {
    const TaskScope inner("inner");
    EXPECT_NE(current_task_id(), outer_id);
    EXPECT_EQ(seen_task(outer_id)->state, SeenTask::kRunning);
  }

  EXPECT_EQ(current_task_id(), outer_id);
}

TEST(JobTest, GivesItsLabelsToWhatItCreates) {
  const TaskScope scope("request");
  label_task("user", "ada");
  const Job first;
  label_task("shard", "3");
  const Job second;

  EXPECT_EQ(seen_task(first.id())->labels, "user=ada");
  EXPECT_EQ(seen_task(second.id())->labels, "shard=3 user=ada");
}

TEST(JobTest, CanBeNamedWhileItRuns) {
  const TaskScope scope;

  name_task("a name that is a good deal longer than forty-seven bytes");

  EXPECT_EQ(seen_task(current_task_id())->name, "a name that is a good deal longer than forty-se");
}

}  // namespace
}  // namespace xgops::test
