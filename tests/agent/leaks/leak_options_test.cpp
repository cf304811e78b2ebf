// SPDX-License-Identifier: MIT
// What leak checks leave out, and checks of the whole process.
#include "xgops/leak_options.hpp"

#include "leaking.hpp"
#include "support/sync/executor.hpp"
#include "xgops/leak_check.hpp"
#include "xgops/tasks.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

namespace xgops {
namespace {

using namespace std::chrono_literals;
using test::consume;
using test::contains;
using test::WaitingThread;
using test::sync::Channel;
using test::sync::Executor;

class FilterTest : public testing::Test {
 protected:
  Channel<int> channel_;
  Executor executor_;
  LeakCheck check_;

  LeakReport verify_with(LeakOptions options) {
    executor_.spawn(consume(channel_));
    executor_.run_until_idle();
    return check_.verify(options.within(20ms));
  }
};

TEST_F(FilterTest, LeavesOutByTheFunctionOnTop) {
  EXPECT_TRUE(verify_with(LeakOptions().ignore_top_function("*consume")));
}
TEST_F(FilterTest, LeavesOutByAnyFunction) {
  EXPECT_TRUE(verify_with(LeakOptions().ignore_any_function("*::consume")));
}
TEST_F(FilterTest, LeavesOutByAPredicate) {
  EXPECT_TRUE(verify_with(LeakOptions().ignore_if([](const LeakGroup& one) {
    return one.count == 1 && one.state == "channel receive" && one.ids.size() == 1;
  })));
}
TEST_F(FilterTest, TellsThatAFilterMatchedNothing) {
  const LeakReport report = verify_with(
      LeakOptions().ignore_top_function("*consume").ignore_any_function("no_such_function"));

  EXPECT_TRUE(report);
  ASSERT_EQ(report.notes.size(), 1U);
  EXPECT_TRUE(contains(report.text(), "\"any function no_such_function\" matched nothing"));
}

TEST(LabelFilterTest, LeavesOutByLabelAndName) {
  LeakCheck check;
  std::vector<Job> jobs;
  {
    const TaskScope scope;
    label_task("kind", "cache");
    jobs.emplace_back("warmer");
    jobs.emplace_back();
  }
  EXPECT_EQ(check.verify(LeakOptions().within(0ms).ignore_task_name("warm*")).tasks, 1U);

  LeakCheck again;
  {
    const TaskScope scope;
    label_task("kind", "cache");
    jobs.emplace_back();
  }
  EXPECT_TRUE(again.verify(LeakOptions().within(0ms).ignore_label("kind", "cache")));
}

TEST(LeakOptionsTest, ThatMakeNoSenseAreErrors) {
  const auto error_of = [](const LeakOptions& options) {
    LeakCheck check;
    const LeakReport report = check.verify(options);
    return report.errors.empty() ? "" : report.errors.front();
  };

  EXPECT_TRUE(contains(error_of(LeakOptions().within(-1ms)), "within()"));
  EXPECT_TRUE(contains(error_of(LeakOptions().ignore_current()), "ignore_current()"));
  EXPECT_TRUE(contains(error_of(LeakOptions().ignore_top_function("")), "empty pattern"));
  EXPECT_TRUE(contains(error_of(LeakOptions().without_threads().ignore_thread_name("x")),
                       "without_threads()"));
  EXPECT_TRUE(contains(error_of(LeakOptions().cleanup([](int) {})), "verify_test_main()"));
  EXPECT_TRUE(contains(error_of(LeakOptions().run_on_failure()), "verify_test_main()"));
  EXPECT_EQ(error_of(LeakOptions()), "");
}

TEST(LeakOptionsTest, StopsWaitingWhenToldTo) {
  Channel<int> channel;
  Executor executor;
  std::stop_source stop;
  LeakCheck check;
  executor.spawn(consume(channel));
  executor.run_until_idle();
  stop.request_stop();

  const LeakReport report = check.verify(LeakOptions().within(10min).until(stop.get_token()));

  EXPECT_EQ(report.tasks, 1U);
  EXPECT_LT(report.waited, 1min);
}

// The whole process.

TEST(VerifyNoneTest, FindsWhatCameAfterTheOptions) {
  Channel<int> channel;
  Executor executor;
  executor.spawn(consume(channel));
  executor.run_until_idle();
  const WaitingThread older;
  const LeakOptions options = LeakOptions().ignore_current().within(20ms);
  EXPECT_TRUE(verify_none(options));

  executor.spawn(consume(channel));
  executor.run_until_idle();
  const WaitingThread younger;
  const LeakReport report = verify_none(options);

  EXPECT_EQ(report.tasks, 1U);
  EXPECT_EQ(report.threads, 1U) << report;
}

TEST(VerifyTestMainTest, FailsWhenTestsPassAndSomethingLeaks) {
  Channel<int> channel;
  Executor executor;
  const LeakOptions options = LeakOptions().ignore_current().within(20ms);
  const auto leaking = [&](int status) {
    return [&, status] {
      executor.spawn(consume(channel));
      executor.run_until_idle();
      return status;
    };
  };
  int cleaned = -1;

  EXPECT_EQ(verify_test_main([] { return 0; }, options), 0);
  testing::internal::CaptureStderr();
  EXPECT_EQ(verify_test_main(leaking(0),
                             LeakOptions(options).cleanup([&](int status) { cleaned = status; })),
            1);
  EXPECT_TRUE(contains(testing::internal::GetCapturedStderr(), "found 1 unexpected task"));
  EXPECT_EQ(cleaned, 0);
  testing::internal::CaptureStderr();
  EXPECT_EQ(verify_test_main(leaking(7), options), 7);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "the failure matters more";
  testing::internal::CaptureStderr();
  EXPECT_EQ(verify_test_main(leaking(7), LeakOptions(options).run_on_failure()), 7);
  EXPECT_TRUE(contains(testing::internal::GetCapturedStderr(), "unexpected task"));
}

TEST(WaitForExitTest, WaitsForTheTasksThatFit) {
  Channel<int> channel;
  Executor executor;
  executor.spawn(consume(channel));
  executor.run_until_idle();
  const auto consumes = [](const TaskView& task) {
    return task.frame_count > 0 && contains(task.frame_functions[0], "consume");
  };

  EXPECT_FALSE(wait_for_exit(consumes, 5ms));
  channel.close();
  executor.run_until_idle();
  EXPECT_TRUE(wait_for_exit(consumes, 30s));
}

}  // namespace
}  // namespace xgops
