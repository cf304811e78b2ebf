// SPDX-License-Identifier: MIT
// Scenarios that need more of a leak check than that it finds a task: filters, checks of a whole
// suite, waiting, threads.
#include "clock.hpp"
#include "leak_run.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace kernels {
namespace {

using namespace std::chrono_literals;
using xgops::LeakCheck;
using xgops::LeakGroup;
using xgops::LeakOptions;
using xgops::LeakReport;
using Signals = Channel<int>;

/// A scenario whose runs each are `run(row, scene)`, which says what it found in `row`.
template <class Run>
void check_scenario(const char* id, Run run) {
  for (int i = 0; i < runs(); ++i) {
    Row row{Group::kScenario, id};
    {
      Scene scene(false);
      run(scene, row);
    }
    EXPECT_TRUE(row.is_as_expected) << id << ": " << row.leaked << ": " << row.reason;
    add_row(row);
  }
}
/// The same for those of which nothing may be said.
template <class Run>
void check_quiet_scenario(const char* id, Run run) {
  check_scenario(id, [&](Scene& scene, Row& row) {
    run(scene, row);
    row.quiet_runs = 1;
    row.false_alarms += row.is_found ? 1 : 0;
  });
}

Task<> sleep_long(Clock& clock) {
  co_await clock.sleep(10s);
}
Task<> background_worker(Clock& clock) {
  for (;;) {
    co_await clock.sleep(1s);
  }
}
Task<> get_data() {
  co_await receive_from_nil();
}
void start(Scene& scene, Task<> task) {
  scene.executor.spawn(std::move(task));
  scene.executor.run_until_idle();
}
/// For checks of the whole process: the test runner's threads are not ours.
LeakOptions whole_process() {
  return LeakOptions().within(20ms).ignore_current();
}

Task<> close_later(Clock& clock, Signals& done) {
  co_await clock.sleep(100ms);
  done.close();
}
Task<> wait_until(Signals& done) {
  co_await done.receive();
}
TEST(ScenarioTest, S03nTheTestWaitsForItsTask) {
  check_quiet_scenario("S03n", [](Scene& scene, Row& row) {
    auto& clock = scene.make<Clock>();
    auto& done = scene.make<Signals>();
    LeakCheck check;
    start(scene, close_later(clock, done));
    start(scene, wait_until(done));
    row.false_alarms += verdicts_now();
    clock.advance(100ms);
    scene.executor.run_until_idle();
    compare(check.verify(), {}, row);
  });
}

TEST(ScenarioTest, S04nABackgroundWorkerIsLeftOutByItsFunction) {
  check_quiet_scenario("S04n", [](Scene& scene, Row& row) {
    LeakCheck check;
    start(scene, background_worker(scene.make<Clock>()));
    compare(check.verify(LeakOptions().within(0ms).ignore_top_function("*background_worker")), {},
            row);
  });
}

TEST(ScenarioTest, S05TheSuiteIsCheckedAtItsEnd) {
  check_scenario("S05", [](Scene& scene, Row& row) {
    const LeakOptions options = whole_process();
    testing::internal::CaptureStderr();
    const int status = xgops::verify_test_main(
        [&] {
          start(scene, sleep_long(scene.make<Clock>()));
          return 0;
        },
        options);
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("found 1 unexpected task:\n"), std::string::npos) << text;
    EXPECT_NE(text.find("in state timer"), std::string::npos) << text;
    compare(xgops::verify_none(options), {{"sleep", 1, 0}}, row);
    row.is_as_expected = row.is_as_expected && status == 1;
  });
}

TEST(ScenarioTest, S06nAPredicateAndWhatWasThereBeforeAreLeftOut) {
  check_quiet_scenario("S06n", [](Scene& scene, Row& row) {
    auto& clock = scene.make<Clock>();
    start(scene, sleep_long(clock));
    Row before = row;
    compare(xgops::verify_none(whole_process()), {}, before);

    LeakCheck check;
    start(scene, background_worker(clock));
    const auto is_expected = [](const LeakGroup& one) {
      return one.state == "timer" &&
             one.frames.back().function.find("background_worker") != std::string::npos;
    };
    compare(check.verify(LeakOptions().within(0ms).ignore_if(is_expected)), {}, row);
    row.is_as_expected = row.is_as_expected && before.is_as_expected;
  });
}

/// Ends once somebody has looked at it.
Task<> end_when(const std::atomic<bool>& seen) {
  while (!seen) {
    co_await yield();
  }
}
TEST(ScenarioTest, S11nATaskThatEndsAMomentLaterIsWaitedFor) {
  for (int i = 0; i < runs(); ++i) {
    Row row{Group::kScenario, "S11n"};
    std::atomic<bool> seen{false};
    Executor executor(1);
    LeakCheck check;
    executor.spawn(end_when(seen));
    const auto ignore_nothing = [&seen](const LeakGroup&) {
      seen = true;
      return false;
    };
    compare(check.verify(LeakOptions().within(30s).ignore_if(ignore_nothing)), {}, row);
    EXPECT_TRUE(seen);
    EXPECT_TRUE(row.is_as_expected) << row.reason;
    row.quiet_runs = 1;
    row.false_alarms = row.is_found ? 1 : 0;
    add_row(row);
  }
}

// What a monitor in production sees; the commands that show it have tests of their own.
TEST(ScenarioTest, S13GrowthIsSeenByCountAndPlace) {
  check_scenario("S13", [](Scene& scene, Row& row) {
    constexpr std::uint64_t kAlarm = 100;
    auto& channel = scene.make<Signals>();
    LeakCheck check;
    const std::uint64_t before = xgops::task_count();
    int samples = 0;
    while (xgops::task_count() - before <= kAlarm) {
      for (int i = 0; i < 30; ++i) {
        scene.executor.spawn(wait_until(channel));
      }
      scene.executor.run_until_idle();
      ++samples;
    }
    std::map<std::pair<std::string, std::string>, int> by_place;
    xgops::visit_tasks([&](const xgops::TaskView& task) {
      ++by_place[{task.frame_functions[0], std::to_string(task.frame_lines[0])}];
    });
    EXPECT_EQ(samples, 4);
    EXPECT_EQ(by_place.size(), 1U) << "one group";
    compare(check.verify(LeakOptions().within(0ms)), {{"chan_recv", 120, 0}}, row);
    row.leaked += " (growth by task_count, visit_tasks)";
  });
}

/// A thread that reads from a peer that never writes.
class BlockedReader {
 public:
  BlockedReader() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0);
    thread_ = std::thread([this] { read_without_timeout(); });
  }
  ~BlockedReader() {
    ::close(ends_[1]);
    thread_.join();
    ::close(ends_[0]);
  }
  BlockedReader(const BlockedReader&) = delete;
  BlockedReader& operator=(const BlockedReader&) = delete;

 private:
  [[gnu::noinline]] void read_without_timeout() {
    char byte = 0;
    while (::read(ends_[0], &byte, 1) == 1) {
    }
  }

  int ends_[2]{-1, -1};
  std::thread thread_;
};
TEST(ScenarioTest, S19ABlockingCallWithoutATimeout) {
  check_scenario("S19", [](Scene&, Row& row) {
    LeakCheck check;
    const BlockedReader reader;
    LeakReport report = check.verify(LeakOptions().within(200ms));
    compare(report, {{"io", 1, 0}}, row);
    EXPECT_EQ(report.threads, 1U) << report;
  });
}

TEST(ScenarioTest, S20VitalsAndTheDifferenceFromBefore) {
  check_scenario("S20", [](Scene& scene, Row& row) {
    auto& clock = scene.make<Clock>();
    start(scene, sleep_long(clock));
    const std::uint64_t before = xgops::task_count();
    const LeakOptions options = whole_process();
    start(scene, sleep_long(clock));
    std::uint64_t seen = 0;
    xgops::visit_tasks([&](const xgops::TaskView&) { ++seen; });
    EXPECT_EQ(xgops::task_count(), before + 1);
    EXPECT_EQ(seen, before + 1);
    compare(xgops::verify_none(options), {{"sleep", 1, 0}}, row);
    row.leaked += " (task_count, before/after)";
  });
}

TEST(ScenarioTest, S21TheTestsCheckAndTheSuitesFindTheSame) {
  check_scenario("S21", [](Scene& scene, Row& row) {
    const LeakOptions options = whole_process();
    LeakCheck check;
    start(scene, get_data());
    Row suite = row;
    compare(xgops::verify_none(options), {{"chan_recv_nil", 1, 1}}, suite);
    testing::internal::CaptureStderr();
    const int status = xgops::verify_test_main([] { return 0; }, options);
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("get_data"), std::string::npos) << text;
    const std::vector<Leak> expected{{"chan_recv_nil", 1, 1}};
    compare(check.verify(patience_for(expected)), expected, row);
    row.is_as_expected = row.is_as_expected && suite.is_as_expected && status == 1;
  });
}

}  // namespace
}  // namespace kernels
