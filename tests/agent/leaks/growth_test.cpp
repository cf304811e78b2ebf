// SPDX-License-Identifier: MIT
// Groups of tasks that grow.
#include "xgops/task_growth.hpp"
#include "xgops/tasks.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

namespace xgops {
namespace {

using namespace std::chrono_literals;

class GrowthTest : public testing::Test {
 protected:
  bool is_told() {
    const std::scoped_lock lock(mutex_);
    return !growths_.empty();
  }

  TaskGrowthMonitor start(std::uint64_t threshold) {
    return task_growth_monitor({1ms, threshold}, [this](const TaskGrowth& growth) {
      const std::scoped_lock lock(mutex_);
      growths_.push_back(growth);
    });
  }

  std::mutex mutex_;
  std::vector<TaskGrowth> growths_;
};

TEST_F(GrowthTest, IsToldWithWhereTheTasksCameFrom) {
  const TaskGrowthMonitor monitor = start(10);
  ASSERT_TRUE(monitor);

  std::vector<Job> jobs;
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (!is_told() && std::chrono::steady_clock::now() < deadline) {
    for (int i = 0; i < 100; ++i) {
      jobs.push_back(Job());
    }
    std::this_thread::sleep_for(100us);
  }

  ASSERT_TRUE(is_told());
  const std::scoped_lock lock(mutex_);
  const TaskGrowth& growth = growths_.front();
  EXPECT_GT(growth.now, growth.before + 10);
  EXPECT_TRUE(growth.created_file.ends_with("growth_test.cpp")) << growth.created_file;
  EXPECT_NE(growth.created_line, 0U);
}

TEST_F(GrowthTest, IsNotToldBelowTheThreshold) {
  std::vector<Job> jobs(100);
  {
    const TaskGrowthMonitor monitor = start(1000);
    ASSERT_TRUE(monitor);
    for (int i = 0; i < 500; ++i) {
      jobs.emplace_back();
    }
  }
  EXPECT_TRUE(growths_.empty());
}

TEST(GrowthMonitorTest, RefusesOptionsThatMakeNoSense) {
  EXPECT_FALSE(task_growth_monitor({0ns, 1}, [](const TaskGrowth&) {}));
  EXPECT_FALSE(task_growth_monitor({-1s, 1}, [](const TaskGrowth&) {}));
}

}  // namespace
}  // namespace xgops
