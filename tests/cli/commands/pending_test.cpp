// SPDX-License-Identifier: MIT
// What executors still wait for: operations of tasks and operations with a callback.
#include "cli/support/fake_agent.hpp"
#include "cli/support/golden.hpp"
#include "cli/support/run_cli.hpp"
#include "cli/support/sample_tasks.hpp"
#include "output/json.hpp"
#include "output/text.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <string>

#include <unistd.h>

namespace xgops::cli {
namespace {

protocol::PendingOperation operation(protocol::TaskWaitReason reason, std::int64_t age_ns) {
  protocol::PendingOperation pending;
  pending.reason = reason;
  pending.context = 0x7ffe'1234'5678;
  pending.age_ns = age_ns;
  return pending;
}

/// In two parts: a text may come long before who refers to it.
std::vector<protocol::Pending::Response> sample_pending() {
  std::vector<protocol::Pending::Response> parts(2);
  parts[0].texts = {{3, "tcp 127.0.0.1:80 -> 127.0.0.1:51004"}};
  parts[0].operations = {operation(protocol::TaskWaitReason::kPost, 1'000'000)};
  auto receive = operation(protocol::TaskWaitReason::kSocketReceive, 90'000'000'000);
  receive.argument_kind = protocol::TaskArgument::kDescriptor;
  receive.argument = 12;
  receive.detail = 3;
  parts[1].operations = {receive};
  return parts;
}

class PendingCommandTest : public testing::Test {
 protected:
  test::CliResult pending(std::vector<protocol::Pending::Response> parts,
                          const std::vector<std::string>& options = {}) {
    test::FakeAgentOptions agent_options = test::plausible_agent();
    agent_options.tasks = test::sample_tasks_stream();
    agent_options.pending = std::move(parts);
    const test::FakeAgent agent(directory_.path(), agent_options);
    std::vector<std::string> arguments{"pending", std::to_string(::getpid())};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return test::run_cli(directory_.path(), arguments);
  }

  const test::TempDir directory_;
};

TEST_F(PendingCommandTest, ShowsTasksAndCallbacksLongestFirst) {
  const auto result = pending(sample_pending());

  EXPECT_EQ(result.status, ExitStatus::kOk) << result.err;
  test::expect_golden("pending-command.txt", result.out);
}

TEST_F(PendingCommandTest, SaysWhenOperationsWereNotRecorded) {
  auto parts = sample_pending();
  parts[1].unrecorded = 7;

  const auto result = pending(parts);

  EXPECT_EQ(result.status, ExitStatus::kPartial);
  EXPECT_NE(result.err.find("7 operations with a callback were not recorded"), std::string::npos)
      << result.err;
}

TEST_F(PendingCommandTest, RefusesReferencesToNothing) {
  auto parts = sample_pending();
  parts[1].operations[0].detail = 4;

  EXPECT_EQ(pending(parts).status, ExitStatus::kTarget);
}

TEST_F(PendingCommandTest, SaysThatThereIsNothing) {
  test::FakeAgentOptions options = test::plausible_agent();
  const test::FakeAgent agent(directory_.path(), options);

  const auto result = test::run_cli(directory_.path(), {"pending", std::to_string(::getpid())});

  EXPECT_EQ(result.out, "0 tasks and 0 callbacks pending\n");
}

TEST(JsonTest, RendersPendingOperations) {
  PendingReport report;
  report.process = {4711, 7, "bank", "0.1.0"};
  report.tasks = test::sample_task_table(test::sample_tasks_stream());
  report.callbacks.texts = {"tcp 127.0.0.1:80 -> 127.0.0.1:51004"};
  protocol::Task callback;
  callback.state = protocol::TaskState::kWaiting;
  callback.reason = protocol::TaskWaitReason::kSocketReceive;
  callback.argument_kind = protocol::TaskArgument::kDescriptor;
  callback.argument = 12;
  callback.detail = 1;
  report.callbacks.tasks = {callback};
  report.contexts = {0x7ffe'1234'5678};

  test::expect_golden_json("pending.json", pending_json(report));
}

}  // namespace
}  // namespace xgops::cli
