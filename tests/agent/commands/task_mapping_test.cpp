// SPDX-License-Identifier: MIT
// From a task as it was read to what crosses the wire.
#include "commands/task_mapping.hpp"

#include "running_server.hpp"
#include "xgops/tasks.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <utility>

namespace xgops::commands {
namespace {

constexpr WaitKind kLock{WaitReason::kMutexLock};

tasks::TaskSighting waiting_for(const Holder& holder) {
  tasks::TaskSighting task;
  task.id = 1;
  task.state = detail::kTaskWaiting;
  task.argument_kind = detail::kArgumentHolder;
  task.operation = reinterpret_cast<std::uint64_t>(&kLock.operation());
  task.argument = reinterpret_cast<std::uint64_t>(&holder);
  return task;
}

TEST(TaskMapperTest, KnowsHoldersThatAreCreatedWhileItAnswers) {
  const auto state = test::make_agent_state();
  TaskMapper mapper(*state);
  protocol::Tasks::Response part;
  Holder holder;
  const Job first;
  holder.set_task(first.id());
  EXPECT_EQ(mapper.to_wire(waiting_for(holder), part).owner_kind, protocol::TaskOwner::kTask);

  const Job second;
  holder.set_task(second.id());

  EXPECT_EQ(mapper.to_wire(waiting_for(holder), part).owner_kind, protocol::TaskOwner::kTask);
}

TEST(TaskMapperTest, KnowsHoldersThatAreGone) {
  const auto state = test::make_agent_state();
  TaskMapper mapper(*state);
  protocol::Tasks::Response part;
  std::optional<Job> job(std::in_place);
  Holder holder;
  holder.set_task(job->id());
  job.reset();

  EXPECT_EQ(mapper.to_wire(waiting_for(holder), part).owner_kind, protocol::TaskOwner::kGone);
  EXPECT_EQ(mapper.to_wire(waiting_for(holder), part).owner_kind, protocol::TaskOwner::kGone);
}

TEST(TaskMapperTest, SendsEachTextOnce) {
  const auto state = test::make_agent_state();
  static constexpr WaitKind kTurn{"turn of the printer"};
  TaskMapper mapper(*state);
  protocol::Tasks::Response part;
  const Holder nobody;
  tasks::TaskSighting task = waiting_for(nobody);
  task.operation = reinterpret_cast<std::uint64_t>(&kTurn.operation());

  const protocol::Task first = mapper.to_wire(task, part);
  const protocol::Task second = mapper.to_wire(task, part);

  ASSERT_EQ(part.texts.size(), 1U);
  EXPECT_EQ(part.texts.front().text, "turn of the printer");
  EXPECT_EQ(first.detail, second.detail);
}

}  // namespace
}  // namespace xgops::commands
