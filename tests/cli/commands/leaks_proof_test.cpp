// SPDX-License-Identifier: MIT
// `xgops leaks --prove`, of a process that a fake agent speaks for.
#include "cli/support/fake_agent.hpp"
#include "cli/support/golden.hpp"
#include "cli/support/run_cli.hpp"
#include "support/json.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <regex>
#include <string>
#include <vector>

#include <unistd.h>

namespace xgops::cli {
namespace {

using protocol::ProofHolder;
using protocol::ProofReason;
using protocol::ProofStatus;
using protocol::ProofVerdict;
using protocol::Task;
using protocol::TaskWaitReason;
using test::parse_json;

constexpr std::int64_t kSecondNs = 1'000'000'000;

/// Waits for a channel at `chain`, since `id` seconds.
Task receiving(std::uint64_t id, std::uint32_t chain) {
  Task task;
  task.id = id;
  task.state = protocol::TaskState::kWaiting;
  task.reason = TaskWaitReason::kChannelReceive;
  task.argument_kind = protocol::TaskArgument::kObject;
  task.argument = 0x3000 + id;
  task.state_age_ns = static_cast<std::int64_t>(id) * kSecondNs;
  task.resumed = 4;
  task.created_at = 3;
  task.chain = chain;
  return task;
}

/// 2 and 3 are lost, somebody has the frame of 5, a variable leads to 7 and 8.
test::FakeAgentOptions lossy_process() {
  test::FakeAgentOptions options = test::plausible_agent();
  protocol::Stacks::Response stacks;
  stacks.modules = {{1, 0x5000, 0x9000, 0x5000, "/usr/bin/server", {}, false}};
  stacks.threads.resize(1);
  stacks.threads[0].facts.tid = 11;
  stacks.threads[0].facts.name = "io\x1b[2J";
  stacks.threads[0].facts.wait.reason = protocol::WaitReason::kEpoll;
  options.stacks = {stacks};
  protocol::Tasks::Response tasks;
  tasks.locations = {{1, 20, "ask.cpp", "ask()"},
                     {2, 30, "parked.cpp", "park()"},
                     {3, 57, "server.cpp", "serve()"},
                     {4, 40, "idle.cpp", "idle()"}};
  tasks.chains = {{1, {1}}, {2, {2}}, {3, {4}}};
  tasks.tasks = {receiving(2, 1), receiving(3, 1), receiving(5, 2), receiving(7, 3),
                 receiving(8, 3)};
  tasks.total = tasks.tasks.size();
  options.tasks = {tasks};
  options.proof.estimate = {52'428'800, 1'900'000, 5'242'880, 57'671'680, 3'221'225'472, 12};
  options.proof.tasks = {
      {2, 4, ProofVerdict::kProven, ProofReason::kNone, ProofHolder::kNothing, 0, 0},
      {3, 4, ProofVerdict::kProven, ProofReason::kNone, ProofHolder::kNothing, 0, 0},
      {5, 4, ProofVerdict::kSuspect, ProofReason::kFrameHeld, ProofHolder::kStack, 11, 0x7000'1230},
      {7, 4, ProofVerdict::kReachable, ProofReason::kReached, ProofHolder::kGlobal, 0, 0x8010},
      {8, 4, ProofVerdict::kReachable, ProofReason::kReached, ProofHolder::kGlobal, 0, 0x8010}};
  options.proof.live_tasks = 5;
  options.proof.costs = {1'200'000, 2'300'000, 190'000'000, 104'857'600, 4'300'800, 2};
  return options;
}

/// What differs from run to run, made equal.
std::string without_times(const std::string& text) {
  std::string out = std::regex_replace(text, std::regex("[0-9.]+ m?s apart"), "N ms apart");
  out = std::regex_replace(out, std::regex("\"between_ms\":[0-9]+"), "\"between_ms\":50");
  out = std::regex_replace(out, std::regex("20[0-9-]+T[0-9:]+Z"), "2024-05-11T14:03:20Z");
  return std::regex_replace(out, std::regex(std::to_string(::getpid())), "4711");
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class LeaksProofTest : public testing::Test {
 protected:
  test::CliResult ask(const test::FakeAgentOptions& agent_options,
                      const std::vector<std::string>& options) {
    const test::FakeAgent agent(directory_.path(), agent_options);
    std::vector<std::string> arguments{"leaks", std::to_string(::getpid()), "--look-again", "50ms"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    test::CliResult result = test::run_cli(directory_.path(), arguments);
    request_ = agent.last_proof_request();
    return result;
  }

  const test::TempDir directory_;
  protocol::Proof::Request request_;  ///< The last one.
};

TEST_F(LeaksProofTest, SaysWhatIsProvenAndWhatKeepsSuspectsAlive) {
  const auto result = ask(lossy_process(), {"--prove", "--older", "6s"});

  EXPECT_EQ(result.status, ExitStatus::kFindings) << result.err;
  test::expect_golden("leaks-prove.txt", without_times(result.out));
}

TEST_F(LeaksProofTest, SaysItForPrograms) {
  const auto result = ask(lossy_process(), {"--prove", "--json"});

  EXPECT_EQ(result.status, ExitStatus::kFindings) << result.err;
  test::expect_golden_json("leaks-prove.json", without_times(result.out));
}

TEST_F(LeaksProofTest, SaysBeforehandWhatItWillCost) {
  const auto result = ask(lossy_process(), {"--prove"});

  EXPECT_EQ(result.err,
            "xgops: a proof looks through 50.0 MiB of memory, twice: each time 12 threads stand "
            "still for about 1.9 ms, and a child process takes 5.0 MiB, at worst 55.0 MiB if all "
            "memory changes meanwhile\n"
            "  at most 1.0 GiB may be looked through; control groups leave 3.0 GiB\n");
}

TEST_F(LeaksProofTest, IsNotAskedForByItself) {
  const auto result = ask(lossy_process(), {});

  EXPECT_EQ(result.status, ExitStatus::kOk) << result.out;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(request_.memory_limit_bytes, 0U) << "something was asked";
  EXPECT_FALSE(has(result.out, "proof")) << result.out;
}

TEST_F(LeaksProofTest, AsksForWhatTheUserAllows) {
  ask(lossy_process(), {"--prove"});
  EXPECT_EQ(request_.memory_limit_bytes, std::uint64_t{1} << 30U);
  EXPECT_EQ(request_.deadline_ms, 60'000U);
  EXPECT_FALSE(request_.ignore_headroom);
  EXPECT_FALSE(request_.estimate_only);

  ask(lossy_process(), {"--prove", "--memory-limit", "4GiB", "--ignore-cgroup", "--timeout", "7s"});
  EXPECT_EQ(request_.memory_limit_bytes, std::uint64_t{4} << 30U);
  EXPECT_EQ(request_.deadline_ms, 7'000U);
  EXPECT_TRUE(request_.ignore_headroom);
}

TEST_F(LeaksProofTest, IsRefusedAboveTheMemoryLimit) {
  test::FakeAgentOptions options = lossy_process();
  options.proof.status = ProofStatus::kTooLarge;
  options.proof.problem = "50 MiB to look through, more than the limit of 10 MiB";

  const auto result = ask(options, {"--prove", "--memory-limit", "10MiB", "--json"});

  EXPECT_EQ(result.status, ExitStatus::kTarget);
  EXPECT_TRUE(request_.estimate_only) << "it was not only an estimate";
  EXPECT_TRUE(has(result.err, "refused: there are 50 MiB to look through")) << result.err;
  EXPECT_TRUE(has(result.err, "`--memory-limit 63MiB` allows it")) << result.err;
  EXPECT_EQ(parse_json(result.out)["error"]["kind"], "refused") << result.out;
}

TEST_F(LeaksProofTest, IsRefusedWhereControlGroupsMayHaveNoRoom) {
  test::FakeAgentOptions options = lossy_process();
  options.proof.status = ProofStatus::kNoRoom;
  options.proof.problem = "the copy takes 55 MiB and its control groups leave 20 MiB";

  const auto result = ask(options, {"--prove"});

  EXPECT_EQ(result.status, ExitStatus::kTarget);
  EXPECT_TRUE(request_.estimate_only) << "it was not only an estimate";
  EXPECT_TRUE(has(result.err, "refused: the copy takes 55 MiB")) << result.err;
  EXPECT_TRUE(has(result.err, "--ignore-cgroup")) << result.err;
}

TEST_F(LeaksProofTest, SaysWhyThereIsNone) {
  test::FakeAgentOptions options = lossy_process();
  options.proof.status = ProofStatus::kFailed;
  options.proof.problem = "the heap is not laid out as expected";
  options.proof.tasks.clear();

  const auto result = ask(options, {"--prove"});

  EXPECT_EQ(result.status, ExitStatus::kPartial);
  EXPECT_TRUE(has(result.out, "no proof: the heap is not laid out as expected; 2 stops"))
      << result.out;
}

TEST_F(LeaksProofTest, SaysWhyNothingIsProven) {
  test::FakeAgentOptions options = lossy_process();
  options.proof.doubts = {"thread 11 could not be stopped"};
  options.proof.tasks = {
      {2, 4, ProofVerdict::kSuspect, ProofReason::kDoubt, ProofHolder::kNothing, 0, 0}};

  const auto result = ask(options, {"--prove"});

  EXPECT_EQ(result.status, ExitStatus::kPartial);
  EXPECT_TRUE(has(result.out, "nothing is proven: thread 11 could not be stopped")) << result.out;
  EXPECT_TRUE(has(result.out, "nothing leads to it, but not everything could be read"))
      << result.out;
}

TEST_F(LeaksProofTest, TakesAllBackWhenATaskGoesOnThatNobodyCouldWake) {
  test::FakeAgentOptions options = lossy_process();
  options.proof.tasks[1].resumed = 3;  // By now it is 4.

  const auto result = ask(options, {"--prove"});

  EXPECT_EQ(result.status, ExitStatus::kPartial) << result.out;
  EXPECT_TRUE(has(result.out, "nothing is proven: task 3 went on although nothing led to it"))
      << result.out;
  EXPECT_TRUE(has(result.out, "proof: 0 proven, 2 suspect")) << result.out;
}

TEST_F(LeaksProofTest, NeedsAnAgentThatCan) {
  test::FakeAgentOptions options = lossy_process();
  options.has_tasks = false;

  const auto result = ask(options, {"--prove"});

  EXPECT_EQ(result.status, ExitStatus::kTarget);
  EXPECT_TRUE(has(result.err, "agent 0.1.0 has no proofs")) << result.err;
}

TEST_F(LeaksProofTest, DoesNotGoWithWhatWouldStopThreadsAgainAndAgainOrNotAtAll) {
  const std::vector<std::vector<std::string>> wrong{
      {"--prove", "--watch", "1s"},       {"--prove", "--no-interrupt"},
      {"--memory-limit", "1MiB"},         {"--ignore-cgroup"},
      {"--prove", "--memory-limit", "0"}, {"--prove", "--memory-limit", "-1"}};
  for (const auto& options : wrong) {
    const auto result = ask(lossy_process(), options);
    EXPECT_EQ(result.status, ExitStatus::kUsage) << options.front() << ": " << result.err;
  }
}

}  // namespace
}  // namespace xgops::cli
