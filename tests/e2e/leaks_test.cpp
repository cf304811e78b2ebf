// SPDX-License-Identifier: MIT
// What `xgops leaks` says of real programs.
#include "e2e.hpp"

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include <unistd.h>

namespace xgops::test {
namespace {

using std::string;

/// The only group of `answer` with this class; null: there is none, or several.
Json only_group(const Json& answer, const string& leak_class) {
  Json found;
  int count = 0;
  for (const Json& group : answer["groups"]) {
    if (group["class"] == leak_class) {
      found = group;
      ++count;
    }
  }
  return count == 1 ? found : Json();
}

class LeaksTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(target_.wait_ready()) << target_.log(); }

  TargetProcess target_ = TargetProcess::spawn("leaky");
};

TEST_F(LeaksTest, SayNothingOfAnIdleServer) {
  const auto result =
      target_.xgops({"leaks", "-p", target_.pid_text(), "--look-again", "100ms", "--older", "1ms"});

  EXPECT_EQ(result.status, 0) << describe(result);
  EXPECT_EQ(result.out.find("no findings: 2 threads and 2 tasks"), 0U) << result.out;
}

TEST_F(LeaksTest, AreOldBeforeAnythingElseIsKnown) {
  ASSERT_EQ(target_.ask("leak 10"), "leak 10");

  const auto result = target_.xgops(
      {"leaks", "-p", target_.pid_text(), "--look-again", "50ms", "--older", "10ms", "--json"});

  EXPECT_EQ(result.status, 0) << describe(result);
  const Json old = only_group(parse_json(result.out), "old");
  ASSERT_FALSE(old.is_null()) << result.out;
  EXPECT_EQ(old["count"], 10);
  EXPECT_TRUE(contains(string_at(old["place"], "function"), "ask(")) << old;
  EXPECT_TRUE(contains(string_at(old["created"], "file"), "leaky.cpp")) << old;
}

/// `xgops leaks --watch` of the target, whose lines can be waited for.
class Watch {
 public:
  Watch(const TargetProcess& target, const std::vector<string>& options)
      : child_(options_of(target, options)) {}

  /// The next line that contains `part`; nothing at the deadline or the end.
  std::optional<string> line_with(const string& part) {
    for (;;) {
      const std::size_t end = unread_.find('\n');
      if (end != string::npos) {
        string line = unread_.substr(0, end);
        unread_.erase(0, end + 1);
        if (contains(line, part)) {
          return line;
        }
        continue;
      }
      char buffer[4096];  // The test's own time limit is the deadline.
      const ssize_t got = ::read(child_.output_fd(), buffer, sizeof(buffer));
      if (got <= 0) {
        return std::nullopt;
      }
      unread_.append(buffer, static_cast<std::size_t>(got));
    }
  }
  void interrupt() { ::kill(child_.pid(), SIGINT); }
  std::optional<int> status() {
    return child_.wait_until(ChildProcess::Clock::now() + kReadyDeadline);
  }

 private:
  static ChildOptions options_of(const TargetProcess& target, const std::vector<string>& options) {
    ChildOptions child;
    child.arguments = {xgops_path(), "leaks", "-p", target.pid_text(), "--watch", "50ms"};
    child.arguments.insert(child.arguments.end(), options.begin(), options.end());
    child.environment = {{"XGOPS_DIR", target.socket_directory().string()}};
    return child;
  }

  ChildProcess child_;
  string unread_;
};

TEST_F(LeaksTest, RaiseAnAlarmWhenTheyGrow) {
  Watch watch(target_, {"--alarm", "100"});
  ASSERT_TRUE(watch.line_with("2 tasks, 2 threads"));
  ASSERT_EQ(target_.ask("leak 500"), "leak 500");

  const auto alarm = watch.line_with("growing +");

  ASSERT_TRUE(alarm);
  EXPECT_TRUE(contains(*alarm, "channel receive, created at ")) << *alarm;
  EXPECT_TRUE(contains(*alarm, "ask(")) << *alarm;
  watch.interrupt();
  EXPECT_TRUE(watch.line_with("2 -> 502 tasks (+500)"));
  EXPECT_EQ(watch.status(), 1);
}

TEST_F(LeaksTest, RaiseNoneWhenTheyDoNot) {
  Watch watch(target_, {});
  ASSERT_TRUE(watch.line_with("2 tasks, 2 threads"));
  ASSERT_EQ(target_.ask("leak 100"), "leak 100");
  ASSERT_TRUE(watch.line_with("102 tasks"));

  watch.interrupt();

  EXPECT_TRUE(watch.line_with("no alarm in "));
  EXPECT_EQ(watch.status(), 0);
}

TEST_F(LeaksTest, AreWatchedUntilTheEndOfTheProcess) {
  Watch watch(target_, {});
  ASSERT_TRUE(watch.line_with("2 tasks, 2 threads"));

  ASSERT_EQ(target_.finish(), 0);

  EXPECT_TRUE(watch.line_with("no alarm in "));
  EXPECT_EQ(watch.status(), 2);
}

TEST_F(LeaksTest, AreOneObjectASampleForPrograms) {
  const auto result = target_.xgops(
      {"leaks", "-p", target_.pid_text(), "--watch", "20ms", "--samples", "2", "--json"});

  EXPECT_EQ(result.status, 0) << describe(result);
  const std::size_t end = result.out.find('\n');
  EXPECT_EQ(parse_json(result.out.substr(0, end))["sample"], 1);
  EXPECT_EQ(parse_json(result.out.substr(end + 1))["sample"], 2);
}

TEST(BlockedLeaksTest, AreThreadsInACircle) {
  auto target = TargetProcess::spawn("deadlock_two_mutexes");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto result = target.xgops({"leaks", "-p", target.pid_text(), "--look-again", "100ms"});

  EXPECT_EQ(result.status, 1) << describe(result);
  EXPECT_TRUE(contains(result.out, "blocked: cycle  1 thread")) << result.out;
  EXPECT_TRUE(contains(result.out, "lock_first_then_second(")) << result.out;
  EXPECT_TRUE(contains(result.out, "2 threads wait for each other in a circle")) << result.out;
}

TEST(BlockedLeaksTest, AreTasksWhereNobodyCanRun) {
  TargetOptions options;
  options.arguments = {"everybody_receives", "bug"};
  auto target = TargetProcess::spawn("executor_cases", std::move(options));
  ASSERT_TRUE(target.wait_ready()) << target.log();

  // Its worker may need a moment to go to sleep.
  CommandResult result;
  for (int tries = 0; tries < 100 && result.status != 1; ++tries) {
    result = target.xgops({"leaks", "-p", target.pid_text(), "--look-again", "50ms"});
  }

  EXPECT_EQ(result.status, 1) << describe(result);
  EXPECT_TRUE(contains(result.out, "blocked: nobody can run  3 tasks")) << result.out;
}

}  // namespace
}  // namespace xgops::test
