// SPDX-License-Identifier: MIT
// Tasks of a program of stock Asio coroutines that is linked with the hooks. The agent is
// preloaded: it must find the registry inside the program.
#include "e2e.hpp"
#include "support/temp_dir.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <signal.h>

namespace xgops::test {
namespace {

using std::string;

constexpr int kTasks = 300;

/// A program in which 300 tasks wait for a timer, four coroutines deep.
class TasksTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(target_.wait_ready()) << target_.log();
    ASSERT_TRUE(target_.ask("park " + std::to_string(kTasks)));
  }

  TargetProcess target_ = TargetProcess::spawn("asio_workload");
};

TEST_F(TasksTest, AreCounted) {
  EXPECT_EQ(target_.xgops_json({"vitals"})["tasks"], kTasks);
  EXPECT_NE(target_.xgops({"list"}).out.find("  " + std::to_string(kTasks) + "  "), string::npos);
}

TEST_F(TasksTest, ShowTheirChainsAndWaits) {
  const Json answer = target_.xgops_json({"tasks"});

  ASSERT_EQ(answer["tasks"].size(), kTasks);
  for (const Json& task : answer["tasks"]) {
    ASSERT_EQ(task["state"], "waiting") << task;
    ASSERT_EQ(task["status"], "exact");
    ASSERT_EQ(task["wait"]["reason"], "timer");
    const Json& frames = task["frames"];
    ASSERT_EQ(frames.size(), 4U) << frames;
    ASSERT_NE(string_at(frames[0], "function").find("Parking::wait("), string::npos) << frames;
    ASSERT_NE(string_at(frames[1], "function").find("innermost("), string::npos) << frames;
    ASSERT_NE(string_at(frames[2], "function").find("middle("), string::npos) << frames;
    ASSERT_NE(string_at(frames[3], "function").find("outermost("), string::npos) << frames;
    ASSERT_NE(string_at(task["created"], "file").find("asio_workload.cpp"), string::npos) << task;
  }
}

TEST_F(TasksTest, AreOneGroupAmongTheStacks) {
  const Json answer = target_.xgops_json({"stack", "--tasks"});

  ASSERT_EQ(answer["tasks"].size(), 1U) << answer.dump(1).substr(0, 2000);
  EXPECT_EQ(answer["tasks"][0]["count"], kTasks);
  EXPECT_EQ(answer["tasks"][0]["ids"].size(), 8U);
}

TEST_F(TasksTest, AreWhatTheExecutorWaitsFor) {
  const Json answer = target_.xgops_json({"pending"});

  EXPECT_EQ(answer["pending"].size(), kTasks);
  EXPECT_EQ(answer["pending"][0]["wait"]["reason"], "timer");
}

TEST_F(TasksTest, AreGoneOnceTheyHaveEnded) {
  ASSERT_TRUE(target_.ask("spawn 1000"));

  EXPECT_EQ(target_.xgops_json({"vitals"})["tasks"], kTasks);
}

/// The functions of `frames` that are not inlined, in their order.
std::vector<string> functions_of(const Json& frames) {
  std::vector<string> functions;
  for (const Json& frame : frames) {
    if (!frame.value("inlined", false)) {
      functions.push_back(string_at(frame, "function"));
    }
  }
  return functions;
}

/// A program in which, among others, a task that runs has called one that waits for a std::mutex.
class RunningTaskTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(target_.wait_ready()) << target_.log(); }

  static Json running_task(const Json& answer) {
    for (const Json& task : answer["tasks"]) {
      if (task["state"] == "running") {
        return task;
      }
    }
    return nullptr;
  }
  static void expect_joined(const Json& task) {
    ASSERT_TRUE(task.is_object());
    const auto functions = functions_of(task["thread_frames"]);
    ASSERT_GE(functions.size(), 2U) << task;
    EXPECT_NE(functions.back().find("blocked_in_mutex("), string::npos) << task;
    EXPECT_NE(std::find(functions.begin(), functions.end(), "pthread_mutex_lock"), functions.end())
        << task;
    ASSERT_EQ(task["frames"].size(), 2U) << task;
    EXPECT_NE(string_at(task["frames"][1], "function").find("calls_blocked("), string::npos);
  }

  const TempDir directory_;
  TargetProcess target_ = [this] {
    TargetOptions options;
    options.environment = {{"XGOPS_CRASH_DUMP", (directory_.path() / "dump").string()}};
    return TargetProcess::spawn("asio_kinds", std::move(options));
  }();
};

TEST_F(RunningTaskTest, HasTheStackOfItsThreadInFrontOfItsChain) {
  const Json alone = running_task(target_.xgops_json({"stack", "--tasks"}));
  expect_joined(alone);
  expect_joined(running_task(target_.xgops_json({"stack"})));
  expect_joined(running_task(target_.xgops_json({"stack", "--no-group"})));
  const string id = std::to_string(alone.value("id", 0));
  expect_joined(running_task(target_.xgops_json({"tasks", "--task", id})));
  const string text = target_.xgops({"tasks", "-p", target_.pid_text(), "--task", id}).out;
  const auto lock = text.find("  pthread_mutex_lock");
  const auto callee = text.find("blocked_in_mutex(");
  const auto caller = text.find("calls_blocked(");
  EXPECT_TRUE(lock < callee && callee < caller && caller != string::npos) << text;
  EXPECT_EQ(text.find("has not waited yet"), string::npos) << text;
  const string folded =
      target_.xgops({"stack", "-p", target_.pid_text(), "--tasks", "--format", "folded"}).out;
  EXPECT_LT(folded.find("calls_blocked("), folded.find("pthread_mutex_lock")) << folded;
}

TEST_F(RunningTaskTest, HasItInADumpToo) {
  ASSERT_EQ(::kill(target_.pid(), SIGABRT), 0);
  ASSERT_EQ(target_.wait(), 128 + SIGABRT);

  const auto result =
      run_xgops(directory_.path(), {"symbolize", "--json", (directory_.path() / "dump").string()});
  expect_joined(running_task(parse_json(result.out)));
}

}  // namespace
}  // namespace xgops::test
