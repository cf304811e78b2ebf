// SPDX-License-Identifier: MIT
// Tasks in a process that may have little memory.
#include "child.hpp"
#include "own_task.hpp"
#include "seen_task.hpp"
#include "tasks/registry.hpp"
#include "xgops/tasks.hpp"

#include <gtest/gtest.h>

#include <coroutine>
#include <cstdint>
#include <fstream>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace xgops::tasks {
namespace {

using test::in_child;
using test::OwnTask;
using test::seen_task;

/// Lets this process have `more_bytes` of addresses beside those it has.
void limit_addresses(std::uint64_t more_bytes) {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const std::uint64_t bytes = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const rlimit limit{bytes + more_bytes, bytes + more_bytes};
  ::setrlimit(RLIMIT_AS, &limit);
}

OwnTask pause(std::coroutine_handle<>& waiting) {
  co_await test::Pause{waiting};
}

// Both must be the first in their process to use tasks: hence the children.

TEST(TaskLimitsTest, MakesDoWithAShorterReservation) {
  const int result = in_child([] {
    limit_addresses(std::uint64_t{700} << 20);
    std::coroutine_handle<> waiting;
    OwnTask task = pause(waiting);
    task.start();
    const std::vector<Job> jobs(5000);
    const auto seen = seen_task(task.id());
    return seen && seen->chain() == "pause" && seen_task(jobs.back().id()) &&
                   registry().counts().unlisted == 0
               ? 0
               : 1;
  });

  EXPECT_EQ(result, 0);
}

TEST(TaskLimitsTest, CountsTasksThatItHasNoRoomToList) {
  const int result = in_child([] {
    limit_addresses(std::uint64_t{40} << 20);
    std::coroutine_handle<> waiting;
    {
      OwnTask task = pause(waiting);
      task.start();
      const TaskScope scope("named");
      label_task("key", "value");
      const std::vector<Job> jobs(1000);
      if (task_count() != 1002 || registry().counts().unlisted == 0) {
        return 1;
      }
      waiting.resume();
      if (!task.done()) {
        return 2;
      }
    }
    return task_count() == 0 ? 0 : 3;
  });

  EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace xgops::tasks
