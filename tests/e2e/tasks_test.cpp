// SPDX-License-Identifier: MIT
// Tasks of a program of stock Asio coroutines that is linked with the hooks. The agent is
// preloaded: it must find the registry inside the program.
#include "e2e.hpp"

#include <string>

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

}  // namespace
}  // namespace xgops::test
