// SPDX-License-Identifier: MIT
// A process that was started with XGOPS_TASK_STACKS=1.
#include "running_server.hpp"
#include "task_answer.hpp"
#include "xgops/tasks.hpp"

#include <gtest/gtest.h>

namespace xgops::test {
namespace {

TEST(CreationStacksTest, AreRecordedOnRequest) {
  const Job first;  // Who asks for the first task asks for the setting, too.
  const Job job;
  const auto state = make_agent_state();

  const TaskAnswer answer = ask_tasks(*state, {.id = job.id()});

  ASSERT_EQ(answer.tasks.size(), 1U);
  const auto stack = answer.stacks.find(answer.tasks.front().creation_stack);
  ASSERT_NE(stack, answer.stacks.end());
  EXPECT_GE(stack->second.frames.size(), 2U);
  EXPECT_GT(answer.modules, 0U);
}

}  // namespace
}  // namespace xgops::test
