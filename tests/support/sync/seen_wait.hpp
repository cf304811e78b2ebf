// SPDX-License-Identifier: MIT
// How a wait looks to those who ask: from the program, and over the wire.
#pragma once

#include "running_server.hpp"
#include "seen_task.hpp"
#include "task_answer.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace xgops::test::sync {

struct ExpectedWait {
  const char* words = "";
  protocol::TaskWaitReason reason = protocol::TaskWaitReason::kNone;
  const void* object = nullptr;
  protocol::TaskOwner owner_kind = protocol::TaskOwner::kNone;
  std::uint64_t owner = 0;
};

/// Both views of the task `id` show the same wait.
inline void expect_wait(std::uint64_t id, const ExpectedWait& expected) {
  const auto seen = seen_task(id);
  ASSERT_TRUE(seen) << "task " << id;
  EXPECT_EQ(seen->state, SeenTask::kWaiting);
  EXPECT_EQ(seen->wait, expected.words);

  const auto state = make_agent_state();
  const TaskAnswer answer = ask_tasks(*state, {.id = id});
  ASSERT_EQ(answer.tasks.size(), 1U);
  const protocol::Task& task = answer.tasks.front();
  EXPECT_EQ(task.state, protocol::TaskState::kWaiting);
  EXPECT_EQ(task.reason, expected.reason) << expected.words;
  EXPECT_EQ(task.owner_kind, expected.owner_kind);
  EXPECT_EQ(task.owner, expected.owner);
  if (expected.object != nullptr) {
    EXPECT_EQ(task.argument_kind, protocol::TaskArgument::kObject);
    EXPECT_EQ(task.argument, reinterpret_cast<std::uint64_t>(expected.object));
  }
}

}  // namespace xgops::test::sync
