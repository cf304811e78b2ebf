// SPDX-License-Identifier: MIT
#include "commands/running_stacks.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace xgops::cli {
namespace {

constexpr std::int32_t kThread = 12;

std::uint32_t add_location(StackTable& table, const std::string& function,
                           const std::string& module = "server") {
  symbolize::Symbol inlined;
  inlined.function = "std::move(int&)";
  inlined.module = module;
  inlined.inlined = true;
  symbolize::Symbol symbol;
  symbol.function = function;
  symbol.module = module;
  table.locations.push_back({inlined, symbol});
  return static_cast<std::uint32_t>(table.locations.size() - 1);
}

/// A thread with these functions on its stack, innermost first.
StackReport stacks_of(const std::vector<std::string>& functions) {
  StackReport report;
  ReportStack stack;
  for (const std::string& function : functions) {
    stack.frames.push_back({0, add_location(report.table, function), false});
  }
  report.table.stacks.push_back(std::move(stack));
  ReportThread thread;
  thread.facts.tid = kThread;
  thread.stack = 0;
  report.threads.push_back(std::move(thread));
  return report;
}

protocol::Task running_task(std::uint64_t id) {
  protocol::Task task;
  task.id = id;
  task.state = protocol::TaskState::kRunning;
  task.tid = kThread;
  return task;
}

TaskTable table_with(std::uint64_t id, const std::string& body,
                     const std::string& module = "server") {
  TaskTable table;
  table.tasks.push_back(running_task(id));
  table.bodies[id] = add_location(table.creation, body, module);
  return table;
}

/// Functions of the task's part of the stack.
std::vector<std::string> functions_of(const TaskTable& table, std::uint64_t id) {
  std::vector<std::string> functions;
  if (const ReportStack* const stack = table.running_stack(id)) {
    for (const ReportFrame& frame : stack->frames) {
      functions.push_back(table.running_stacks.locations[frame.location].back().function);
    }
  }
  return functions;
}

TEST(RunningStacksTest, ReachDownToTheCoroutine) {
  TaskTable table = table_with(7, "session() [coroutine]");

  add_running_stacks(table, stacks_of({"read", "parse()", "session() [coroutine]", "run()"}));

  EXPECT_EQ(functions_of(table, 7),
            (std::vector<std::string>{"read", "parse()", "session() [coroutine]"}));
  EXPECT_EQ(running_threads(table), std::set{kThread});
}

TEST(RunningStacksTest, EndAtTheInnermostOfSeveral) {
  TaskTable table = table_with(7, "session() [coroutine]");

  add_running_stacks(table, stacks_of({"session() [coroutine]", "run()", "session() [coroutine]"}));

  EXPECT_EQ(functions_of(table, 7).size(), 1U);
}

TEST(RunningStacksTest, PassOverCoroutinesOfOthers) {
  TaskTable table = table_with(7, "session() [coroutine]");

  add_running_stacks(table, stacks_of({"numbers() [coroutine]", "session() [coroutine]"}));

  EXPECT_EQ(functions_of(table, 7).size(), 2U);
}

TEST(RunningStacksTest, AreNotThereWhenTheThreadDoesSomethingElse) {
  TaskTable gone_on = table_with(7, "session() [coroutine]");
  TaskTable of_another_module = table_with(7, "other() [coroutine]", "plugin.so");
  TaskTable without_name = table_with(7, "");
  TaskTable waiting = table_with(7, "other() [coroutine]");
  waiting.tasks.front().state = protocol::TaskState::kWaiting;
  TaskTable elsewhere = table_with(7, "other() [coroutine]");
  elsewhere.tasks.front().tid = 13;

  for (TaskTable* const table :
       {&gone_on, &of_another_module, &without_name, &waiting, &elsewhere}) {
    add_running_stacks(*table, stacks_of({"", "other() [coroutine]"}));
    EXPECT_EQ(table->running_stack(7), nullptr);
  }
}

TEST(RunningStacksTest, AreThoseOfGroupsToo) {
  TaskTable table = table_with(7, "session() [coroutine]");
  table.tasks.clear();
  protocol::TaskGroup group;
  group.longest = running_task(7);
  table.groups.push_back(group);

  add_running_stacks(table, stacks_of({"session() [coroutine]"}));

  EXPECT_NE(table.running_stack(7), nullptr);
}

TEST(RunningStacksTest, NeedNoThreadThatHasNoStack) {
  TaskTable table = table_with(7, "session() [coroutine]");
  StackReport report = stacks_of({"session() [coroutine]"});
  report.threads.front().stack.reset();

  add_running_stacks(table, report);

  EXPECT_EQ(table.running_stack(7), nullptr);
}

}  // namespace
}  // namespace xgops::cli
