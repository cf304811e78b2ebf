// SPDX-License-Identifier: MIT
// Findings and locks of a process that a fake agent speaks for.
#include "cli/support/fake_agent.hpp"
#include "cli/support/golden.hpp"
#include "cli/support/run_cli.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <string>

#include <unistd.h>

namespace xgops::cli {
namespace {

using protocol::TaskOwner;
using protocol::TaskWaitReason;
using protocol::WaitReason;

constexpr std::int64_t kTenMinutes = 600'000'000'000;

protocol::ThreadStack thread(std::int32_t tid, const char* name, WaitReason reason,
                             std::uint64_t object, std::int32_t owner) {
  protocol::ThreadStack thread;
  thread.facts.tid = tid;
  thread.facts.name = name;
  thread.facts.state = 'S';
  thread.facts.state_age_ns = kTenMinutes;
  thread.facts.wait.reason = reason;
  thread.facts.wait.object = object;
  thread.facts.wait.owner_tid = owner;
  thread.facts.wait.owner_state =
      owner == 0 ? protocol::OwnerState::kNone : protocol::OwnerState::kLive;
  thread.status = protocol::StackStatus::kExact;
  thread.method = protocol::StackMethod::kRead;
  return thread;
}

/// Two threads in a circle, main behind them, and a task that receives from a sender that has
/// ended.
test::FakeAgentOptions stuck_process() {
  test::FakeAgentOptions options = test::plausible_agent();
  protocol::Stacks::Response stacks;
  stacks.threads = {thread(11, "main", WaitReason::kJoin, 0, 12),
                    thread(12, "io", WaitReason::kMutexLock, 0x1000, 13),
                    thread(13, "worker\x1b[31m", WaitReason::kMutexLock, 0x2000, 12)};
  options.stacks = {stacks};
  protocol::Tasks::Response tasks;
  tasks.texts = {{1, "session"}};
  tasks.locations = {{1, 57, "server.cpp", "Session::run()"}};
  tasks.chains = {{1, {1}}};
  protocol::Task task;
  task.id = 19;
  task.state = protocol::TaskState::kWaiting;
  task.reason = TaskWaitReason::kChannelReceive;
  task.argument_kind = protocol::TaskArgument::kObject;
  task.argument = 0x3000;
  task.state_age_ns = kTenMinutes;
  task.name = 1;
  task.chain = 1;
  tasks.tasks = {task};
  tasks.total = 1;
  options.tasks = {tasks};
  protocol::WaitObject channel;
  channel.address = 0x3000;
  channel.any = true;
  channel.sealed = true;
  channel.holders = {{TaskOwner::kGone, 7}};
  options.waits.objects = {channel};
  return options;
}

class DiagnoseCommandTest : public testing::Test {
 protected:
  test::CliResult ask(const test::FakeAgentOptions& agent_options, const std::string& command,
                      const std::vector<std::string>& options = {}) {
    const test::FakeAgent agent(directory_.path(), agent_options);
    std::vector<std::string> arguments{command, std::to_string(::getpid())};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return test::run_cli(directory_.path(), arguments);
  }

  /// What differs from run to run, made equal.
  static std::string steady(const std::string& text) {
    std::string out = std::regex_replace(text, std::regex("[0-9]+ ms apart"), "N ms apart");
    out = std::regex_replace(out, std::regex("\"between_ms\":[0-9]+"), "\"between_ms\":50");
    return std::regex_replace(out, std::regex(std::to_string(::getpid())), "4711");
  }

  const test::TempDir directory_;
};

TEST_F(DiagnoseCommandTest, PrintsFindingsWithTheirEvidence) {
  const auto result = ask(stuck_process(), "diagnose");

  EXPECT_EQ(result.status, ExitStatus::kFindings) << result.err;
  test::expect_golden("diagnose.txt", steady(result.out));
}

TEST_F(DiagnoseCommandTest, PrintsThemForPrograms) {
  const auto result = ask(stuck_process(), "diagnose", {"--json"});

  EXPECT_EQ(result.status, ExitStatus::kFindings) << result.err;
  test::expect_golden("diagnose.json", steady(result.out));
}

TEST_F(DiagnoseCommandTest, PrintsThemAsSarif) {
  const auto result = ask(stuck_process(), "diagnose", {"--format", "sarif"});

  test::expect_golden("diagnose.sarif", steady(result.out));
}

TEST_F(DiagnoseCommandTest, AppliesOnlyTheRulesAskedFor) {
  const auto result = ask(stuck_process(), "diagnose", {"--rules", "starved-executor,stall"});

  EXPECT_EQ(result.status, ExitStatus::kOk);
  EXPECT_NE(result.out.find("no findings (2 rules)"), std::string::npos) << result.out;
}

TEST_F(DiagnoseCommandTest, CopesWithAnswersThatMakeNoSense) {
  test::FakeAgentOptions options = stuck_process();
  options.stacks[0].threads[1].facts.wait.owner_tid = 4242;  // Not there.
  options.waits.announced = {{99, TaskWaitReason::kMutexLock, 0x1000, {TaskOwner::kTask, 5}, "x"}};
  options.waits.objects.push_back(options.waits.objects[0]);

  const auto result = ask(options, "diagnose", {"--rules", "deadlock"});

  EXPECT_EQ(result.status, ExitStatus::kOk) << result.out << result.err;
}

TEST_F(DiagnoseCommandTest, SaysWhenNotEverythingCouldBeSeen) {
  test::FakeAgentOptions options = stuck_process();
  options.waits.truncated = true;

  const auto result = ask(options, "diagnose", {"--rules", "starved-executor"});

  EXPECT_EQ(result.status, ExitStatus::kPartial);
  EXPECT_NE(result.out.find("not everything could be seen"), std::string::npos) << result.out;
}

TEST_F(DiagnoseCommandTest, PrintsLocksAsATable) {
  const auto result = ask(stuck_process(), "locks", {"--all"});

  EXPECT_EQ(result.status, ExitStatus::kOk) << result.err;
  test::expect_golden("locks.txt", result.out);
}

TEST_F(DiagnoseCommandTest, PrintsLocksForPrograms) {
  const auto result = ask(stuck_process(), "locks", {"--json"});

  test::expect_golden("locks.json", steady(result.out));
}

}  // namespace
}  // namespace xgops::cli
