// SPDX-License-Identifier: MIT
// The commands that talk to an agent, from arguments to output.
#include "cli/support/fake_agent.hpp"
#include "cli/support/golden.hpp"
#include "cli/support/run_cli.hpp"
#include "cli/support/sample_stream.hpp"
#include "support/json.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

namespace xgops::cli {
namespace {

using test::Behaviour;
using test::CliResult;
using test::parse_json;

class CommandsTest : public testing::Test {
 protected:
  void start(Behaviour behaviour = Behaviour::kNormal) {
    test::FakeAgentOptions options = test::plausible_agent();
    options.behaviour = behaviour;
    start(options);
  }
  void start(test::FakeAgentOptions options) {
    if (options.stacks.empty()) {
      options.stacks = test::sample_stacks_stream();
    }
    if (options.threads.empty()) {
      options.threads = test::sample_threads_stream();
    }
    agent_ = std::make_unique<test::FakeAgent>(directory_.path(), std::move(options));
  }
  CliResult xgops(std::vector<std::string> arguments) const {
    return test::run_cli(directory_.path(), arguments);
  }
  /// With `-p` this process.
  CliResult inspect(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"-p", pid_});
    return xgops(std::move(arguments));
  }

  test::TempDir directory_;
  std::unique_ptr<test::FakeAgent> agent_;
  std::string pid_ = std::to_string(::getpid());
};

TEST_F(CommandsTest, ListIsWhatHappensWithoutACommand) {
  start();

  const CliResult bare = xgops({});
  const CliResult named = xgops({"list"});

  EXPECT_EQ(bare.status, ExitStatus::kOk) << bare.err;
  EXPECT_EQ(bare.out, named.out);
  EXPECT_NE(bare.out.find("fake-server"), std::string::npos) << bare.out;
  EXPECT_EQ(bare.err, "");
}

TEST_F(CommandsTest, ListSaysWhatToDoWhenThereIsNothing) {
  const CliResult result = xgops({});

  EXPECT_EQ(result.status, ExitStatus::kOk);
  EXPECT_NE(result.err.find("no process with an xgops agent"), std::string::npos);
  EXPECT_NE(result.err.find("xgops run -- PROGRAM"), std::string::npos);
}

TEST_F(CommandsTest, ListShowsASilentAgentWithTheReason) {
  start(Behaviour::kSilent);

  const CliResult result = xgops({"list", "--timeout", "30ms"});

  EXPECT_EQ(result.status, ExitStatus::kOk);
  EXPECT_NE(result.out.find("no answer"), std::string::npos) << result.out;
  EXPECT_NE(result.err.find("process " + pid_), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("did not answer within 30 ms"), std::string::npos) << result.err;
}

TEST_F(CommandsTest, ListTellsNewerAgentsFromBrokenOnes) {
  start(Behaviour::kNewerProtocol);
  EXPECT_NE(xgops({}).out.find("too new"), std::string::npos);
  agent_.reset();
  start(Behaviour::kGarbage);
  EXPECT_NE(xgops({}).out.find("bad answer"), std::string::npos);
}

TEST_F(CommandsTest, ListDoesNotShowAProcessThatAnswersAsAnother) {
  test::FakeAgentOptions options = test::plausible_agent();
  options.claimed_pid = 1;
  start(options);

  const auto document = parse_json(xgops({"--json"}).out);

  ASSERT_EQ(document["processes"].size(), 1U);
  EXPECT_EQ(document["processes"][0]["status"], "bad_answer");
}

TEST_F(CommandsTest, ListSweepsSocketsOfDeadProcesses) {
  start();
  // No process ever has this start time.
  const auto dead = directory_.path() / (pid_ + "-1.sock");
  const auto alive = agent_->path();
  {
    test::FakeAgentOptions options = test::plausible_agent();
    options.endpoint = protocol::Endpoint{::getpid(), 1};
    const test::FakeAgent other(directory_.path(), options);
    std::filesystem::rename(dead, directory_.path() / "kept");
  }
  std::filesystem::rename(directory_.path() / "kept", dead);

  const CliResult result = xgops({});

  EXPECT_FALSE(std::filesystem::exists(dead)) << result.out;
  EXPECT_TRUE(std::filesystem::exists(alive));
}

TEST_F(CommandsTest, ListKeepsTheSocketOfALivingProcessThatRefuses) {
  start();
  const auto path = agent_->path();
  std::filesystem::rename(path, directory_.path() / "kept");
  agent_.reset();
  std::filesystem::rename(directory_.path() / "kept", path);

  const CliResult result = xgops({"--json"});

  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_TRUE(parse_json(result.out)["processes"].empty());
}

TEST_F(CommandsTest, VitalsPrintsTheNumbers) {
  start();

  const CliResult result = inspect({"vitals"});

  EXPECT_EQ(result.status, ExitStatus::kOk) << result.err;
  EXPECT_NE(result.out.find("\ntasks: 0\nOS threads: 5\nCPU count: 8 (cgroup quota 1.5)\n"),
            std::string::npos)
      << result.out;
}

TEST_F(CommandsTest, VitalsTakesAPidANameOrAPattern) {
  start();

  EXPECT_EQ(xgops({"vitals", pid_}).status, ExitStatus::kOk);
  EXPECT_EQ(xgops({"vitals", "-n", "fake-server"}).status, ExitStatus::kOk);
  EXPECT_EQ(xgops({"vitals", "--process", "fake*"}).status, ExitStatus::kOk);
  EXPECT_EQ(xgops({"vitals", "-n", "real*"}).status, ExitStatus::kTarget);
}

TEST_F(CommandsTest, VitalsWatchesWithChanges) {
  start();

  const CliResult text = inspect({"vitals", "--watch", "10ms", "--count", "3"});
  const CliResult json = inspect({"vitals", "--watch", "10ms", "--count", "2", "--json"});

  EXPECT_EQ(text.status, ExitStatus::kOk) << text.err;
  std::size_t samples = 0;
  for (std::size_t at = text.out.find("process:"); at != std::string::npos;
       at = text.out.find("process:", at + 1)) {
    ++samples;
  }
  EXPECT_EQ(samples, 3U);
  const std::size_t end = json.out.find('\n');
  EXPECT_FALSE(parse_json(json.out.substr(0, end)).contains("changes"));
  EXPECT_TRUE(parse_json(json.out.substr(end + 1)).contains("changes")) << json.out;
}

TEST_F(CommandsTest, StackShowsOwnersGroupsAndTheCost) {
  start();

  const CliResult result = inspect({"stack", "--no-symbols"});

  EXPECT_EQ(result.status, ExitStatus::kOk) << result.err;
  test::expect_golden("stack-command.txt", result.out);
}

TEST_F(CommandsTest, StackPassesItsLimitsOn) {
  start();

  inspect({"stack", "--thread", "12", "--max-frames", "7", "--no-interrupt", "--timeout", "3s"});

  const protocol::Stacks::Request request = agent_->last_stacks_request();
  EXPECT_EQ(request.tid, 12);
  EXPECT_EQ(request.max_frames, 7U);
  EXPECT_EQ(request.deadline_ms, 3000U);
  EXPECT_FALSE(request.interrupt);
}

TEST_F(CommandsTest, StackRendersEveryFormat) {
  start();

  const auto document = parse_json(inspect({"stack", "--json"}).out);
  ASSERT_FALSE(document.is_discarded());
  EXPECT_EQ(document["schema"], "xgops.stack/1");
  EXPECT_EQ(document["threads"][0]["tid"], 11);
  EXPECT_EQ(document["threads"][0]["wait"]["owner_tid"], 12);
  EXPECT_EQ(document["threads"][0]["wait"]["owner_name"], "io");
  EXPECT_EQ(inspect({"stack", "--format", "json"}).out, inspect({"stack", "--json"}).out);
  EXPECT_EQ(inspect({"stack", "--format", "folded", "--no-symbols"}).out,
            "io;bank+0x200;bank+0x100 2\nteller;bank+0x300;bank+0x100 1\n");
}

TEST_F(CommandsTest, StackIsPartialWhenSomethingIsMissing) {
  const auto status_of = [&](const auto& change, std::vector<std::string> more = {}) {
    test::FakeAgentOptions options = test::plausible_agent();
    options.stacks = test::sample_stacks_stream();
    change(options.stacks);
    agent_.reset();
    start(options);
    more.insert(more.begin(), "stack");
    return inspect(more).status;
  };
  using Stream = std::vector<protocol::Stacks::Response>;

  EXPECT_EQ(status_of([](Stream&) {}), ExitStatus::kOk);
  EXPECT_EQ(status_of([](Stream& s) { s[0].threads[0].method = protocol::StackMethod::kSignal; }),
            ExitStatus::kOk);
  EXPECT_EQ(status_of([](Stream& s) { s[0].threads[0].status = protocol::StackStatus::kPartial; }),
            ExitStatus::kPartial);
  EXPECT_EQ(status_of([](Stream& s) {
              s[0].threads[0].status = protocol::StackStatus::kUnavailable;
              s[0].threads[0].stack_id = 0;
            }),
            ExitStatus::kPartial);
  EXPECT_EQ(status_of([](Stream& s) {
              s[0].threads[0].status = protocol::StackStatus::kUnavailable;
              s[0].threads[0].stack_id = 0;
              s[0].threads[0].facts.wait.reason = protocol::WaitReason::kExited;
            }),
            ExitStatus::kOk);
  EXPECT_EQ(status_of([](Stream& s) { s.back().dropped = 1; }), ExitStatus::kPartial);
  EXPECT_EQ(status_of([](Stream& s) { s.back().truncated = true; }), ExitStatus::kPartial);
  EXPECT_EQ(status_of([](Stream& s) { s[0].stacks[0].truncated = true; }), ExitStatus::kPartial);
  EXPECT_EQ(status_of([](Stream& s) { s[0].stacks[0].truncated = true; }, {"--max-frames", "2"}),
            ExitStatus::kOk);
}

TEST_F(CommandsTest, StackRefusesAnAnswerThatContradictsItself) {
  test::FakeAgentOptions options = test::plausible_agent();
  options.stacks = test::sample_stacks_stream();
  options.stacks[0].threads[0].stack_id = 42;
  start(options);

  const CliResult result = inspect({"stack"});

  EXPECT_EQ(result.status, ExitStatus::kTarget);
  EXPECT_NE(result.err.find("thread 12 refers to no stack"), std::string::npos) << result.err;
}

TEST_F(CommandsTest, ThreadsPrintsATable) {
  start();

  const CliResult result = inspect({"threads"});

  EXPECT_EQ(result.status, ExitStatus::kOk) << result.err;
  test::expect_golden("threads-command.txt", result.out);
}

TEST_F(CommandsTest, OutputGoesToAFileWhole) {
  start();
  const auto path = directory_.path() / "report";

  const CliResult result = inspect({"stack", "--no-symbols", "-o", path});

  EXPECT_EQ(result.status, ExitStatus::kOk) << result.err;
  EXPECT_EQ(result.out, "");
  std::ifstream file(path);
  const std::string content((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(content, inspect({"stack", "--no-symbols"}).out);
  EXPECT_EQ(inspect({"stack", "-o", "-"}).out, inspect({"stack"}).out);
  EXPECT_EQ(inspect({"stack", "-o", "/nonexistent/report"}).status, ExitStatus::kTarget);
}

TEST_F(CommandsTest, ErrorsNameTheProcessAndTheNextStep) {
  start(Behaviour::kOlderAgent);

  const CliResult result = inspect({"stack"});

  EXPECT_EQ(result.status, ExitStatus::kTarget);
  EXPECT_NE(result.err.find("process " + pid_), std::string::npos);
  EXPECT_NE(result.err.find("agent 0.0.9 has no stack dump (needs 0.1)"), std::string::npos)
      << result.err;
}

TEST_F(CommandsTest, ErrorsAreJsonObjectsToo) {
  start(Behaviour::kSilent);

  const CliResult result = inspect({"vitals", "--json", "--timeout", "20ms"});

  const auto document = parse_json(result.out);
  ASSERT_FALSE(document.is_discarded()) << result.out;
  EXPECT_EQ(document["schema"], "xgops.error/1");
  EXPECT_EQ(document["error"]["kind"], "no_answer");
  EXPECT_EQ(document["error"]["exit_status"], 2);
  EXPECT_EQ(result.status, ExitStatus::kTarget);
  EXPECT_NE(result.err, "");
}

TEST_F(CommandsTest, AnErrorOfTheAgentIsPassedOn) {
  test::FakeAgentOptions options = test::plausible_agent();
  options.behaviour = Behaviour::kErrorReply;
  options.error = {protocol::Errc::kPermissionDenied, "uid 5 may not ask", "ask as root"};
  start(options);

  const CliResult result = inspect({"threads"});

  EXPECT_EQ(result.status, ExitStatus::kPermission);
  EXPECT_NE(result.err.find("uid 5 may not ask\n  ask as root\n"), std::string::npos) << result.err;
}

TEST_F(CommandsTest, ReportsColourOnlyWhereItIsWanted) {
  start();
  const auto colored = [&](std::vector<std::string> more, const test::CliOptions& options) {
    more.insert(more.end(), {"stack", "-p", pid_});
    std::rotate(more.begin(), more.end() - 3, more.end());
    return test::run_cli(directory_.path(), more, options).out.find('\x1b') != std::string::npos;
  };
  test::CliOptions terminal;
  terminal.terminal = true;
  test::CliOptions quiet = terminal;
  quiet.environment["NO_COLOR"] = "1";
  test::CliOptions dumb = terminal;
  dumb.environment["TERM"] = "dumb";

  EXPECT_TRUE(colored({}, terminal));
  EXPECT_FALSE(colored({}, {}));
  EXPECT_FALSE(colored({}, quiet));
  EXPECT_FALSE(colored({}, dumb));
  EXPECT_FALSE(colored({"--color", "never"}, terminal));
  EXPECT_TRUE(colored({"--color", "always"}, quiet));
  EXPECT_FALSE(colored({"-o", directory_.path() / "file"}, terminal));
}

}  // namespace
}  // namespace xgops::cli
