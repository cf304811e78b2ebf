// SPDX-License-Identifier: MIT
// Example of what a test program leaves behind.
#include "xgops/protocol/test_report.hpp"

#include "samples/sample.hpp"

namespace xgops::test {

template <>
protocol::TestReport sample() {
  protocol::LeakGroup task;
  task.fate = protocol::LeakFate::kWaiting;
  task.count = 2;
  task.ids = {7, 9};
  task.state = "timer";
  task.labels = "peer=a";
  task.age_ns = 1'000'000'000;
  task.frames = {{0, protocol::kPlainFrame, "keep_alive", "leak_check.cpp", 13}};
  task.created = {{0, protocol::kPlainFrame, "main", "leak_check.cpp", 22}};
  task.creator = 3;

  protocol::LeakGroup thread;
  thread.is_thread = true;
  thread.fate = protocol::LeakFate::kBlocked;
  thread.count = 1;
  thread.ids = {4712};
  thread.state = "mutex lock";
  thread.object = "mutex 0x7ffc2823e7e0";
  thread.why = "held by thread 4711, which has ended";
  thread.name = "deposit";
  thread.frames = {{0x401234, protocol::kExactPointer, "", "", 0},
                   {0x401300, protocol::kPlainFrame, "", "", 0}};

  protocol::TestReport report;
  report.pid = 4700;
  report.tasks = 2;
  report.threads = 1;
  report.unseen = true;
  report.waited_ns = 1'000'000'123;
  report.task_problem = "another version";
  report.library = {"__tsan::BackgroundThread"};
  report.modules = {{1, 0x400000, 0x500000, 0, "/srv/tests", {0xab, 0xcd}, false}};
  report.groups = {task, thread};
  report.unlisted_groups = 4;
  return report;
}

}  // namespace xgops::test
