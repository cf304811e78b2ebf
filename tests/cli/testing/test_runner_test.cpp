// SPDX-License-Identifier: MIT
// With the shell in the place of a test program.
#include "testing/test_runner.hpp"

#include "support/failure.hpp"
#include "support/temp_dir.hpp"
#include "testing/test_process.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xgops::cli {
namespace {

using std::chrono::milliseconds;

class RunnerTest : public testing::Test {
 protected:
  RunnerTest() {
    options_.command.program = "/bin/sh";
    options_.directory = directory_.path().string();
  }

  void plan(const std::string& name, const std::string& script) {
    plan_.push_back({name, {"sh", "-c", script}});
  }

  RunnerAnswer run() {
    auto answer = run_tests(plan_, options_, *interrupt_);
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().message());
    return answer ? *std::move(answer) : RunnerAnswer();
  }

  const test::TempDir directory_;
  std::optional<InterruptGuard> interrupt_{std::in_place};
  RunnerOptions options_;
  std::vector<PlannedTest> plan_;
};

TEST_F(RunnerTest, SaysHowEachEnded) {
  plan("passes", "echo one; echo two >&2");
  plan("fails", "exit 7");
  plan("crashes", "kill -SEGV $$");

  const RunnerAnswer answer = run();

  ASSERT_EQ(answer.results.size(), 3U);
  EXPECT_EQ(answer.results[0].outcome, TestOutcome::kPassed);
  EXPECT_EQ(answer.results[0].output, "one\ntwo\n");
  EXPECT_NE(answer.results[0].no_report, "");
  EXPECT_EQ(answer.results[1].outcome, TestOutcome::kFailed);
  EXPECT_EQ(answer.results[1].exit_status, 7);
  EXPECT_EQ(answer.results[2].outcome, TestOutcome::kCrashed);
  EXPECT_EQ(answer.results[2].signal, SIGSEGV);
}

TEST_F(RunnerTest, LooksAtWhatHangsAndEndsItWithItsChildren) {
  options_.hang = milliseconds(50);
  pid_t seen = 0;
  options_.look_at = [&](pid_t pid) {
    seen = pid;
    return std::string("a look");
  };
  // The child would keep the pipe open for ever.
  plan("hangs", "echo before; sleep 1000 & wait");

  const RunnerAnswer answer = run();

  ASSERT_EQ(answer.results.size(), 1U);
  EXPECT_EQ(answer.results[0].outcome, TestOutcome::kHung);
  EXPECT_EQ(answer.results[0].hang, "a look");
  EXPECT_GT(seen, 0);
}

TEST_F(RunnerTest, IsNotKeptByATestThatWritesWithoutEnd) {
  options_.timeout = milliseconds(50);
  plan("writes", "while :; do echo line; done");

  const RunnerAnswer answer = run();

  ASSERT_EQ(answer.results.size(), 1U);
  EXPECT_EQ(answer.results[0].outcome, TestOutcome::kTimedOut);
  EXPECT_NE(answer.results[0].output, "");
}

TEST_F(RunnerTest, EndsWhatTakesTooLong) {
  options_.timeout = milliseconds(50);
  plan("lasts", "sleep 1000");

  EXPECT_EQ(run().results.at(0).outcome, TestOutcome::kTimedOut);
}

TEST_F(RunnerTest, RunsSeveralAtATime) {
  options_.jobs = 2;
  // Each waits for the other.
  const std::string folder = directory_.path().string();
  for (const auto& [own, other] : {std::pair{"a", "b"}, std::pair{"b", "a"}}) {
    plan(own, "mkdir " + folder + "/run-" + own + "; until test -d " + folder + "/run-" + other +
                  "; do sleep 0.01; done");
  }
  plan("last", "true");
  std::vector<std::string> ended;
  options_.on_end = [&](std::size_t count, const TestResult& result) {
    ended.push_back(std::to_string(count) + result.name);
  };

  const RunnerAnswer answer = run();

  ASSERT_EQ(answer.results.size(), 3U);
  EXPECT_EQ(answer.results[0].name, "a");
  EXPECT_EQ(answer.results[2].name, "last");
  EXPECT_EQ(ended.size(), 3U);
}

TEST_F(RunnerTest, StopsWhenSomebodyWantsAnEnd) {
  plan("lasts", "kill -INT $PPID; sleep 1000");
  plan("never runs", "true");

  const RunnerAnswer answer = run();

  EXPECT_TRUE(answer.results.empty());
  EXPECT_EQ(answer.not_run, 2U);
}

TEST_F(RunnerTest, TakesNoTestForBadThatEndsAsItWasTimeTo) {
  options_.command.apart = false;
  options_.grace = milliseconds(1);
  // Of one that was told so itself, one that is told by us, and one that does not listen.
  for (const char* const script : {"kill -INT $PPID; exit 130", "kill -TERM $PPID; exec sleep 1000",
                                   "kill -INT $PPID; trap '' TERM; while :; do sleep 0.01; done"}) {
    plan_.clear();
    plan("lasts", script);
    interrupt_.emplace();
    const RunnerAnswer answer = run();
    EXPECT_TRUE(answer.results.empty()) << script;
    EXPECT_EQ(answer.not_run, 1U) << script;
  }
}

TEST_F(RunnerTest, StillLooksAtTheClockWhenItIsTimeToEnd) {
  options_.command.apart = false;
  options_.timeout = milliseconds(50);
  options_.grace = milliseconds(600'000);
  plan("lasts", "kill -INT $PPID; exec sleep 1000");

  EXPECT_EQ(run().results.at(0).outcome, TestOutcome::kTimedOut);
}

TEST_F(RunnerTest, EndsForEachSignalThatWantsAnEnd) {
  for (const char* const signal : {"HUP", "QUIT", "TERM"}) {
    interrupt_.emplace();
    plan_.clear();
    plan("lasts", "kill -" + std::string(signal) + " $PPID; sleep 1000");
    EXPECT_EQ(run().not_run, 1U) << signal;
  }
}

TEST_F(RunnerTest, SaysThatAListerWasInterrupted) {
  TestCommand command = options_.command;
  command.arguments = {"sh", "-c", "kill -INT $PPID; sleep 1000"};

  const auto none = output_of(command, milliseconds(60'000), *interrupt_);

  ASSERT_FALSE(none);
  EXPECT_EQ(sentence_of(none.error()).find("framework"), std::string::npos);
}

TEST_F(RunnerTest, DoesNotWaitForAReportThatIsAPipe) {
  plan("replaces", "file=\"${XGOPS_TEST_REPORT#*:}\"; rm \"$file\"; mkfifo \"$file\"");

  const RunnerAnswer answer = run();

  ASSERT_EQ(answer.results.size(), 1U);
  EXPECT_NE(answer.results[0].no_report, "");
}

TEST_F(RunnerTest, SaysThatAReportMakesNoSense) {
  plan("writes", "echo nonsense > \"${XGOPS_TEST_REPORT#*:}\"");
  plan("is told its own number", "test \"${XGOPS_TEST_REPORT%%:*}\" = $$");

  const RunnerAnswer answer = run();

  ASSERT_EQ(answer.results.size(), 2U);
  EXPECT_NE(answer.results[0].no_report.find("cut short"), std::string::npos)
      << answer.results[0].no_report;
  EXPECT_EQ(answer.results[1].outcome, TestOutcome::kPassed);
}

TEST_F(RunnerTest, ChangesTheEnvironment) {
  options_.command.environment = {{"XGOPS_ADDED", "yes"}, {"PATH", ""}};
  plan("looks", "test \"$XGOPS_ADDED\" = yes -a \"${PATH-none}\" != \"" + std::string("x") + "\"");

  EXPECT_EQ(run().results.at(0).outcome, TestOutcome::kPassed);
}

TEST_F(RunnerTest, FailsForAProgramThatCannotBeRun) {
  options_.command.program = "/nonexistent/tests";
  plan("", "");

  const auto answer = run_tests(plan_, options_, *interrupt_);

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Failure::kProgram);
}

TEST_F(RunnerTest, CollectsTheOutputOfALister) {
  TestCommand command = options_.command;
  command.arguments = {"sh", "-c", "echo a; echo c >&2; echo b"};
  const auto output = output_of(command, milliseconds(60'000), *interrupt_);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->out, "a\nb\n");
  EXPECT_EQ(output->err, "c\n");

  command.arguments = {"sh", "-c", "sleep 1000"};
  const auto none = output_of(command, milliseconds(50), *interrupt_);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Failure::kProgram);
}

TEST(OutputTailTest, KeepsTheEnd) {
  OutputTail tail(4);
  tail.add("abc");
  EXPECT_EQ(tail.text(), "abc");
  tail.add("defghijk");
  tail.add("l");

  EXPECT_EQ(tail.text(), "... 8 bytes before are left out ...\nijkl");
}

}  // namespace
}  // namespace xgops::cli
