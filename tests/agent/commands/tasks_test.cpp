// SPDX-License-Identifier: MIT
// The answer to Tasks.
#include "xgops/tasks.hpp"

#include "running_server.hpp"
#include "support/sync/executor.hpp"
#include "support/sync/wait_group.hpp"
#include "task_answer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

namespace xgops::commands {
namespace {

using test::ask_tasks;
using test::TaskAnswer;
using test::sync::Executor;
using test::sync::Gate;
using test::sync::Task;

Task<> wait_in(Gate& gate) {
  co_await gate.wait();
}
Task<> wait_at(Gate& gate) {
  co_await wait_in(gate);
}
Task<> wait_named(Gate& gate, std::string name) {
  name_task(name.c_str());
  co_await gate.wait();
}

TEST(TasksTest, HasEveryFactOfATask) {
  const auto state = test::make_agent_state();
  Gate gate;
  Executor executor;
  const std::uint64_t id = executor.spawn(wait_at(gate));
  executor.run_until_idle();

  const TaskAnswer answer = ask_tasks(*state);

  const protocol::Task* const task = answer.task(id);
  ASSERT_NE(task, nullptr);
  EXPECT_EQ(task->state, protocol::TaskState::kWaiting);
  EXPECT_EQ(task->status, protocol::TaskStatus::kExact);
  EXPECT_EQ(task->reason, protocol::TaskWaitReason::kCustom);
  EXPECT_EQ(answer.text(task->detail), "gate");
  EXPECT_EQ(task->resumed, 1U);
  EXPECT_GE(task->state_age_ns, 0);
  const auto& chain = answer.chains.at(task->chain);
  ASSERT_EQ(chain.size(), 2U);
  EXPECT_NE(answer.locations.at(chain[0]).function.find("wait_in"), std::string::npos);
  EXPECT_NE(answer.locations.at(chain[1]).function.find("wait_at"), std::string::npos);
  EXPECT_GT(answer.locations.at(chain[0]).line, 0U);
  EXPECT_GE(answer.last.total, 1U);
  EXPECT_GT(answer.last.cost.elapsed_ns, 0U);
}

TEST(TasksTest, ShowsOneTaskOnRequest) {
  const auto state = test::make_agent_state();
  const Job job("one");
  const Job other("other");

  const TaskAnswer answer = ask_tasks(*state, {.id = job.id()});

  ASSERT_EQ(answer.tasks.size(), 1U);
  EXPECT_EQ(answer.text(answer.tasks.front().name), "one");
  EXPECT_EQ(answer.tasks.front().state, protocol::TaskState::kCreated);
  EXPECT_EQ(answer.texts.size(), 1U) << "of no other task";
}

TEST(TasksTest, SaysThatATaskDoesNotExist) {
  const auto state = test::make_agent_state();

  const TaskAnswer answer = ask_tasks(*state, {.id = 1'000'000'000});

  ASSERT_TRUE(answer.error);
  EXPECT_EQ(answer.error->code, std::errc::no_such_process);
}

TEST(TasksTest, GroupsTasksWithEqualChainsAndWaits) {
  const auto state = test::make_agent_state();
  Gate gate;
  Executor executor;
  for (int i = 0; i < 20; ++i) {
    executor.spawn(wait_at(gate));
  }
  const std::uint64_t other = executor.spawn(wait_in(gate));
  executor.run_until_idle();

  const TaskAnswer answer = ask_tasks(*state, {.group = true});

  EXPECT_TRUE(answer.tasks.empty());
  ASSERT_EQ(answer.groups.size(), 2U);
  for (const protocol::TaskGroup& group : answer.groups) {
    const bool is_other = group.ids.front() == other;
    EXPECT_EQ(group.count, is_other ? 1U : 20U);
    EXPECT_EQ(group.ids.size(), is_other ? 1U : protocol::kMaxGroupIds);
    EXPECT_TRUE(std::is_sorted(group.ids.begin(), group.ids.end()));
    EXPECT_LE(group.youngest_age_ns, group.longest.state_age_ns);
  }
  EXPECT_EQ(answer.last.total, 21U);
}

TEST(TasksTest, KeepsTasksWithOtherNamesApart) {
  const auto state = test::make_agent_state();
  Gate gate;
  Executor executor;
  for (const char* const name : {"a", "b", "a"}) {
    executor.spawn(wait_named(gate, name));
  }
  executor.run_until_idle();

  EXPECT_EQ(ask_tasks(*state, {.group = true}).groups.size(), 2U);
}

TEST(TasksTest, SendsManyTasksInSeveralMessages) {
  const auto state = test::make_agent_state();
  Gate gate;
  Executor executor;
  constexpr std::size_t kTasks = 6000;
  for (std::size_t i = 0; i < kTasks; ++i) {
    executor.spawn(wait_named(gate, "task number " + std::to_string(i)));
  }
  executor.run_until_idle();

  const TaskAnswer single = ask_tasks(*state);
  const TaskAnswer grouped = ask_tasks(*state, {.group = true});

  EXPECT_EQ(single.tasks.size(), kTasks);
  EXPECT_EQ(single.texts.size(), kTasks + 1);
  EXPECT_GE(single.messages, 4U);
  EXPECT_LE(single.largest_message, protocol::kReplyChunkBytes + 4096U);
  EXPECT_EQ(grouped.groups.size(), kTasks);
  EXPECT_LE(grouped.largest_message, protocol::kReplyChunkBytes + 4096U);
}

TEST(TasksTest, CutsChainsOnRequest) {
  const auto state = test::make_agent_state();
  Gate gate;
  Executor executor;
  const std::uint64_t id = executor.spawn(wait_at(gate));
  executor.run_until_idle();

  const TaskAnswer answer = ask_tasks(*state, {.id = id, .max_frames = 1});

  ASSERT_EQ(answer.tasks.size(), 1U);
  EXPECT_EQ(answer.tasks.front().status, protocol::TaskStatus::kPartial);
  EXPECT_EQ(answer.chains.at(answer.tasks.front().chain).size(), 1U);
}

TEST(TasksTest, SaysThatTheDeadlineCameFirst) {
  const auto state = test::make_agent_state();
  const std::vector<Job> jobs(10);

  const TaskAnswer answer = ask_tasks(*state, {}, std::chrono::steady_clock::time_point::min());

  EXPECT_FALSE(answer.error);
  EXPECT_TRUE(answer.last.truncated);
  EXPECT_TRUE(answer.tasks.empty());
}

}  // namespace
}  // namespace xgops::commands
