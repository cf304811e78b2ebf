// SPDX-License-Identifier: MIT
// `xgops leaks`, of a process that a fake agent speaks for.
#include "cli/support/fake_agent.hpp"
#include "cli/support/golden.hpp"
#include "cli/support/run_cli.hpp"
#include "output/json.hpp"
#include "output/text.hpp"
#include "support/json.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <string>

#include <unistd.h>

namespace xgops::cli {
namespace {

using protocol::Task;
using protocol::TaskWaitReason;
using test::parse_json;

constexpr std::int64_t kMinute = 60'000'000'000;

Task waiting(std::uint64_t id, TaskWaitReason reason, std::uint32_t chain, std::uint64_t object) {
  Task task;
  task.id = id;
  task.state = protocol::TaskState::kWaiting;
  task.reason = reason;
  task.argument_kind = protocol::TaskArgument::kObject;
  task.argument = object;
  task.state_age_ns = static_cast<std::int64_t>(id) * kMinute;
  task.created_at = 2;
  task.chain = chain;
  return task;
}

/// Two tasks receive from a channel without another end, three are old, one accepts.
test::FakeAgentOptions leaking_process() {
  test::FakeAgentOptions options = test::plausible_agent();
  protocol::Stacks::Response stacks;
  stacks.threads.resize(1);
  stacks.threads[0].facts.tid = 11;
  stacks.threads[0].facts.wait.reason = protocol::WaitReason::kEpoll;
  options.stacks = {stacks};
  protocol::Tasks::Response tasks;
  tasks.locations = {{1, 20, "leak.cpp", "ask()"},
                     {2, 57, "server.cpp", "serve()"},
                     {3, 9, "e\x1b[2J.cpp", "wait\n()"}};
  tasks.chains = {{1, {1}}, {2, {3}}, {3, {2}}};
  tasks.tasks = {waiting(1, TaskWaitReason::kAccept, 3, 0),
                 waiting(2, TaskWaitReason::kChannelReceive, 1, 0x3000),
                 waiting(3, TaskWaitReason::kChannelReceive, 1, 0x3000),
                 waiting(6, TaskWaitReason::kCustom, 2, 0),
                 waiting(7, TaskWaitReason::kCustom, 2, 0),
                 waiting(9, TaskWaitReason::kCustom, 2, 0)};
  for (std::size_t i = 3; i < 6; ++i) {
    tasks.tasks[i].owner_kind = protocol::TaskOwner::kTask;
    tasks.tasks[i].owner = 1;
  }
  tasks.total = tasks.tasks.size();
  options.tasks = {tasks};
  protocol::WaitObject channel;
  channel.address = 0x3000;
  channel.any = true;
  channel.sealed = true;
  options.waits.objects = {channel};
  return options;
}

/// What differs from run to run, made equal.
std::string steady(const std::string& text) {
  std::string out = std::regex_replace(text, std::regex("[0-9.]+ m?s apart"), "N ms apart");
  out = std::regex_replace(out, std::regex("\"between_ms\":[0-9]+"), "\"between_ms\":50");
  out = std::regex_replace(out, std::regex("over [0-9.]+ [mu]?s"), "over N ms");
  out = std::regex_replace(out, std::regex("20[0-9-]+T[0-9:]+Z"), "2024-05-11T14:03:20Z");
  return std::regex_replace(out, std::regex(std::to_string(::getpid())), "4711");
}

class LeaksCommandTest : public testing::Test {
 protected:
  test::CliResult ask(const test::FakeAgentOptions& agent_options,
                      const std::vector<std::string>& options) {
    const test::FakeAgent agent(directory_.path(), agent_options);
    std::vector<std::string> arguments{"leaks", std::to_string(::getpid()), "--look-again", "50ms"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return test::run_cli(directory_.path(), arguments);
  }

  const test::TempDir directory_;
};

TEST_F(LeaksCommandTest, PrintsGroupsWithWhatSpeaksForThem) {
  const auto result = ask(leaking_process(), {});

  EXPECT_EQ(result.status, ExitStatus::kFindings) << result.err;
  test::expect_golden("leaks.txt", steady(result.out));
}

TEST_F(LeaksCommandTest, PrintsThemForPrograms) {
  const auto result = ask(leaking_process(), {"--json"});

  EXPECT_EQ(result.status, ExitStatus::kFindings) << result.err;
  test::expect_golden_json("leaks.json", steady(result.out));
}

TEST_F(LeaksCommandTest, PrintsAllGroupsWhenAsked) {
  const std::string some = ask(leaking_process(), {}).out;
  const std::string all = ask(leaking_process(), {"--all"}).out;

  EXPECT_EQ(some.find("accept"), std::string::npos) << some;
  EXPECT_NE(all.find("accept"), std::string::npos) << all;
}

TEST_F(LeaksCommandTest, SaysThatThereAreNoTasks) {
  test::FakeAgentOptions options = leaking_process();
  options.tasks.clear();

  const auto result = ask(options, {});

  EXPECT_EQ(result.status, ExitStatus::kOk);
  EXPECT_NE(result.out.find("no findings: 1 thread and no task"), std::string::npos) << result.out;
  EXPECT_NE(result.err.find("only threads were looked at"), std::string::npos) << result.err;
}

TEST_F(LeaksCommandTest, SaysWhenNotEverythingCouldBeSeen) {
  test::FakeAgentOptions options = leaking_process();
  options.waits = {};
  options.waits.truncated = true;

  const auto result = ask(options, {});

  EXPECT_EQ(result.status, ExitStatus::kPartial);
  EXPECT_NE(result.out.find("not everything could be seen"), std::string::npos) << result.out;
}

TEST_F(LeaksCommandTest, WatchesAndAddsUp) {
  const auto text = ask(leaking_process(), {"--watch", "10ms", "--samples", "3"});
  const auto json = ask(leaking_process(), {"--watch", "10ms", "--samples", "2", "--json"});

  EXPECT_EQ(text.status, ExitStatus::kOk) << text.err;
  test::expect_golden("leaks-watch.txt", steady(text.out));
  const std::size_t end = json.out.find('\n');
  const auto first = parse_json(json.out.substr(0, end));
  const auto second = parse_json(json.out.substr(end + 1));
  EXPECT_EQ(first["sample"], 1);
  EXPECT_TRUE(first["groups"][0]["growth"].is_null());
  EXPECT_EQ(second["sample"], 2);
  EXPECT_EQ(second["groups"][0]["growth"], 0) << second;
}

TEST_F(LeaksCommandTest, RemembersSamplesInWhichNotEverythingCouldBeSeen) {
  test::FakeAgentOptions options = leaking_process();
  options.waits.truncated = true;

  const auto result = ask(options, {"--watch", "10ms", "--samples", "3"});

  EXPECT_EQ(result.status, ExitStatus::kPartial) << result.err;
  EXPECT_NE(result.out.find("no alarm in 3 samples"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("not everything could be seen in 3\n"), std::string::npos)
      << result.out;
  // What is said once is said once, whatever the first sample lacked.
  EXPECT_EQ(result.out.find("; alarm when"), result.out.rfind("; alarm when")) << result.out;
  EXPECT_NE(result.out.find(": 6 -> 6 tasks"), std::string::npos) << result.out;
}

TEST_F(LeaksCommandTest, KeepsWhatItSawWhenTheAgentNoLongerAnswers) {
  test::FakeAgentOptions options = leaking_process();
  options.answers = 12;  // The greeting and three questions a look: it breaks off in the third.

  const auto result = ask(options, {"--watch", "10ms", "--timeout", "2s"});

  EXPECT_EQ(result.status, ExitStatus::kTarget) << result.out;
  EXPECT_NE(result.out.find("no alarm in "), std::string::npos) << result.out;
  EXPECT_FALSE(result.err.empty());
}

TEST_F(LeaksCommandTest, TakesSamplesOnlyWhenItWatches) {
  const auto result = ask(leaking_process(), {"--samples", "3"});

  EXPECT_EQ(result.status, ExitStatus::kUsage);
  EXPECT_NE(result.err.find("--samples goes with --watch"), std::string::npos) << result.err;
}

LeaksReport growing() {
  LeaksReport report;
  report.process = {4711, 7, "bank", "0.1.0"};
  report.time = std::chrono::system_clock::from_time_t(1'715'436'200);
  LeakRow row;
  row.group.site = {false,
                    {"serve()", "server.cpp", 57},
                    {"ask\x1b()", "leak.cpp", 20},
                    "channel_receive",
                    "channel receive",
                    false};
  row.group.count = 460;
  row.group.oldest_ns = 2 * kMinute;
  row.group.youngest_ns = 1;
  row.leak_class = LeakClass::kGrowing;
  row.before = 340;
  row.finding = true;
  report.rows = {row};
  row.before = 458;
  row.finding = false;
  report.rows.push_back(row);
  report.alarm = 100;
  report.threads = 5;
  report.tasks = 920;
  report.between = std::chrono::milliseconds(1000);
  return report;
}

TEST(LeaksTextTest, ShowsGrowth) {
  test::expect_golden("leaks-growing.txt", leaks_text(growing(), {}));
}

TEST(LeaksTextTest, HasALineForEachGroupThatGrewByMoreThanTheAlarm) {
  LeaksReport report = growing();
  report.sample = LeakSample{2, 800, std::chrono::seconds(10)};
  LeakTotals totals{report.time, 2, 0, 1, 800, 920, std::chrono::seconds(10)};

  test::expect_golden("leaks-alarm.txt", leaks_text(report, {}) + leak_totals_text(totals));
}

TEST(LeaksJsonTest, HasASampleAnObject) {
  LeaksReport report = growing();
  report.sample = LeakSample{2, 800, std::chrono::seconds(10)};

  test::expect_golden_json("leaks-alarm.json", leaks_json(report));
}

}  // namespace
}  // namespace xgops::cli
