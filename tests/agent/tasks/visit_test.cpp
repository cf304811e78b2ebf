// SPDX-License-Identifier: MIT
// What the program itself sees of its tasks.
#include "own_task.hpp"
#include "seen_task.hpp"
#include "xgops/tasks.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <coroutine>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace xgops::test {
namespace {

OwnTask suspend(std::coroutine_handle<>& waiting) {
  name_task("worker");
  label_task("user", "ada");
  co_await Pause{waiting};
}

TEST(VisitTest, ShowsAllOfATask) {
  std::coroutine_handle<> waiting;
  const TaskScope parent;
  OwnTask task = suspend(waiting);
  task.start();

  const auto seen = seen_task(task.id());

  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->parent, current_task_id());
  EXPECT_EQ(seen->state, SeenTask::kWaiting);
  EXPECT_EQ(seen->name, "worker");
  EXPECT_EQ(seen->labels, "user=ada");
  EXPECT_EQ(seen->resumed, 1U);
  EXPECT_EQ(seen->tid, 0);
  EXPECT_GE(seen->age_ns, 0);
  ASSERT_EQ(seen->frames.size(), 1U);
  EXPECT_NE(seen->frames[0].file.find("visit_test.cpp"), std::string::npos);
}

TEST(VisitTest, ShowsWhereAJobWasCreated) {
  const Job job;
  std::uint32_t line = 0;

  visit_tasks([&](const TaskView& task) { line = task.id == job.id() ? task.created_line : line; });

  EXPECT_EQ(line, static_cast<std::uint32_t>(__LINE__ - 5));
}

TEST(VisitTest, StopsWhenTheVisitorHasEnough) {
  const std::vector<Job> jobs(100);
  int visits = 0;

  visit_tasks([&](const TaskView&) { return ++visits < 3; });

  EXPECT_EQ(visits, 3);
}

TEST(VisitTest, LetsTheVisitorCreateTasks) {
  std::vector<Job> jobs(100);
  int visits = 0;

  visit_tasks([&](const TaskView&) {
    jobs.emplace_back("another");
    return ++visits < 1000;
  });

  EXPECT_GE(jobs.size(), 200U);
}

TEST(PrintStacksTest, WritesEveryTask) {
  std::coroutine_handle<> waiting;
  OwnTask task = suspend(waiting);
  task.start();
  std::FILE* const file = std::tmpfile();
  ASSERT_NE(file, nullptr);

  EXPECT_EQ(print_stacks(::fileno(file)), 0);

  std::rewind(file);
  std::array<char, 4096> text{};
  const std::size_t size = std::fread(text.data(), 1, text.size() - 1, file);
  std::fclose(file);
  const std::string printed(text.data(), size);
  EXPECT_NE(printed.find("task " + std::to_string(task.id()) + " \"worker\" ["), std::string::npos)
      << printed;
  EXPECT_NE(printed.find("visit_test.cpp:"), std::string::npos) << printed;
}

TEST(PrintStacksTest, SaysWhyItCouldNot) {
  const Job job;

  EXPECT_EQ(print_stacks(-1), EBADF);
}

}  // namespace
}  // namespace xgops::test
