// SPDX-License-Identifier: MIT
// Tasks in words, as tables, as stacks and as JSON.
#include "output/task_text.hpp"

#include "cli/support/golden.hpp"
#include "cli/support/sample_reports.hpp"
#include "cli/support/sample_tasks.hpp"
#include "output/json.hpp"
#include "output/text.hpp"
#include "support/json.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>

namespace xgops::cli {
namespace {

using protocol::Task;
using protocol::TaskWaitReason;
using test::expect_golden;

TasksReport sample_tasks() {
  TasksReport report;
  report.process = {4711, 7, "bank", "0.1.0"};
  report.table = test::sample_task_table(test::sample_tasks_stream());
  report.matched = report.table.tasks.size();
  return report;
}

StackReport sample_with_tasks(const std::vector<protocol::Tasks::Response>& parts) {
  StackReport report = test::sample_stack();
  report.threads.resize(4);
  report.tasks = test::sample_task_table(parts);
  return report;
}

bool is_harmless(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  });
}

TEST(TaskWordsTest, HasAnIdAndWordsForEveryReason) {
  std::set<std::string_view> ids;
  for (int i = 0; i <= static_cast<int>(TaskWaitReason::kLast); ++i) {
    const auto reason = static_cast<TaskWaitReason>(i);
    EXPECT_TRUE(ids.insert(task_reason_id(reason)).second) << task_reason_id(reason);
    EXPECT_FALSE(task_reason_words(reason).empty());
  }
  EXPECT_EQ(task_reason_id(TaskWaitReason::kSocketReceive), "socket_receive");
  EXPECT_EQ(task_reason_id(TaskWaitReason::kMutexLock), "mutex_lock");
  EXPECT_EQ(task_reason_id(TaskWaitReason::kSelect), "select");
}

TEST(TaskWordsTest, SaysWhatATimerDoesWhateverItsNumber) {
  Task task;
  task.state = protocol::TaskState::kWaiting;
  task.reason = TaskWaitReason::kTimer;
  task.argument_kind = protocol::TaskArgument::kExpiry;
  const auto words = [&](std::int64_t left) {
    task.argument = static_cast<std::uint64_t>(left);
    return task_wait_summary({}, task);
  };

  EXPECT_EQ(words(1'300'000'000), "timer, expires in 1.3 s");
  EXPECT_EQ(words(0), "timer, expires in 0 us");
  EXPECT_EQ(words(200'000'000'000), "timer, expires in 3 min");
  EXPECT_EQ(words(-20'000'000), "timer, expired 20 ms ago");
  EXPECT_EQ(words(INT64_MAX), "timer, never expires");
  EXPECT_EQ(words(INT64_MIN), "timer, expired 36500 d ago");
}

TEST(TaskWordsTest, PrefersTheProgramToItsLibraries) {
  const TaskTable table = test::sample_task_table(test::sample_tasks_stream());

  // The acceptor waits inside a header of Asio.
  EXPECT_EQ(table.place(user_place(table, table.tasks[0].chain)).file, "server.cpp");
  EXPECT_EQ(user_place(table, 0), 0U);
}

TEST(TasksTextTest, HasALineATask) {
  expect_golden("tasks.txt", tasks_text(sample_tasks(), {}));
}

TEST(TasksTextTest, LeavesOutTheNamesWhenThereAreNone) {
  TasksReport report = sample_tasks();
  for (Task& task : report.table.tasks) {
    task.name = 0;
  }

  EXPECT_EQ(tasks_text(report, {}).find("NAME"), std::string::npos);
}

TEST(TasksTextTest, SaysHowManyAreNotShown) {
  TasksReport report = sample_tasks();
  report.table.tasks.resize(2);
  report.matched = 5;

  EXPECT_NE(tasks_text(report, {}).find("2 shown of 5 of 19 tasks in 1.2 ms\n"), std::string::npos)
      << tasks_text(report, {});
}

TEST(TasksTextTest, ShowsEverythingOfOne) {
  TasksReport report = sample_tasks();
  report.table.tasks = {report.table.tasks[0], report.table.tasks[4]};
  report.whole = true;

  expect_golden("tasks-whole.txt", tasks_text(report, {}));
}

TEST(TasksTextTest, SaysWhenThereAreNone) {
  EXPECT_EQ(tasks_text({}, {}), "0 tasks in 0 us\n");
}

TEST(StackTextTest, PrintsGroupsOfTasksBehindTheThreads) {
  expect_golden("stack-tasks.txt",
                stack_text(sample_with_tasks(test::sample_task_groups_stream()), {}));
}

TEST(StackTextTest, PrintsEveryTaskByItself) {
  StackReport report = sample_with_tasks(test::sample_tasks_stream());
  report.with_threads = false;

  expect_golden("stack-tasks-no-group.txt", stack_text(report, {}));
}

TEST(StackTextTest, IsTheSameAsWithoutTasksWhenThereAreNone) {
  StackReport report = test::sample_stack();
  const std::string before = stack_text(report, {});
  report.tasks.emplace();

  EXPECT_EQ(stack_text(report, {}), before);
}

TEST(StackTextTest, LetsNoTextOfATaskCommandTheTerminal) {
  EXPECT_TRUE(is_harmless(tasks_text(sample_tasks(), {})));
  StackReport report = sample_with_tasks(test::sample_tasks_stream());
  EXPECT_TRUE(is_harmless(stack_text(report, {})));
  EXPECT_TRUE(is_harmless(stack_folded(report)));
}

TEST(StackFoldedTest, CountsTasksByWait) {
  StackReport report = sample_with_tasks(test::sample_task_groups_stream());
  report.threads.clear();

  expect_golden("stack-tasks.folded", stack_folded(report));
}

TEST(JsonTest, RendersTasks) {
  test::expect_golden_json("tasks.json", tasks_json(sample_tasks()));
}

TEST(JsonTest, RendersGroupsOfTasks) {
  StackReport report = sample_with_tasks(test::sample_task_groups_stream());
  report.threads.clear();
  report.table = {};

  test::expect_golden_json("stack-tasks.json", stack_json(report));
}

TEST(CostLineTest, CountsThreadsAndTasks) {
  StackReport report = sample_with_tasks(test::sample_task_groups_stream());
  report.dropped = 0;
  report.cost = {1'900'000, 0, 0};

  EXPECT_EQ(cost_line(report), "4 threads and 347 tasks in 3.1 ms, 0 interrupted");
  report.tasks->dropped = 1;
  report.tasks->truncated = true;
  EXPECT_EQ(cost_line(report),
            "4 threads and 347 tasks in 3.1 ms, 0 interrupted, 1 task changed too fast to be read, "
            "cut short at the deadline");
  report.with_threads = false;
  report.tasks->total = 1;
  report.tasks->dropped = 0;
  report.tasks->truncated = false;
  EXPECT_EQ(cost_line(report), "1 task in 1.2 ms");
}

}  // namespace
}  // namespace xgops::cli
