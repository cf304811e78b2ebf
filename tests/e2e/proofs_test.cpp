// SPDX-License-Identifier: MIT
// What `xgops leaks --prove` says of a real server, and what it leaves of it.
#include "e2e.hpp"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

namespace xgops::test {
namespace {

using std::string;

/// One answer to `--prove`.
struct ProofRun {
  CommandResult command;
  Json document;

  [[nodiscard]] Json proof() const { return document.value("proof", Json::object()); }
  /// What is said with this verdict of tasks that wait in `function`.
  [[nodiscard]] std::vector<Json> about(const string& verdict, const string& function) const {
    std::vector<Json> found;
    for (const Json& each : proof().value("verdicts", Json::array())) {
      if (each.at("verdict") == verdict &&
          string_at(each.at("place"), "function").find(function) != string::npos) {
        found.push_back(each);
      }
    }
    return found;
  }
  /// How many tasks those are.
  [[nodiscard]] std::uint64_t count(const string& verdict, const string& function) const {
    std::uint64_t sum = 0;
    for (const Json& each : about(verdict, function)) {
      sum += each.at("count").get<std::uint64_t>();
    }
    return sum;
  }
  /// Why there is no answer; empty: there is one.
  [[nodiscard]] string problem() const {
    const Json answer = proof();
    return answer.contains("verdicts") ? string_at(answer, "problem") : describe(command);
  }
};

/// Processes whose parent is `pid`.
std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    std::ifstream file(entry.path() / "stat");
    string stat;
    std::getline(file, stat);
    const std::size_t name_end = stat.rfind(')');
    if (name_end != string::npos && name_end + 4 < stat.size() &&
        std::strtol(stat.c_str() + name_end + 4, nullptr, 10) == pid) {
      children.push_back(static_cast<pid_t>(std::strtol(stat.c_str(), nullptr, 10)));
    }
  }
  return children;
}

class ProofsTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(target_.wait_ready()) << target_.log(); }

  void tell(const string& line) { ASSERT_EQ(target_.ask(line), line) << target_.log(); }

  ProofRun prove(std::vector<string> more = {}) {
    std::vector<string> arguments{"leaks",        "-p",  target_.pid_text(), "--prove", "--json",
                                  "--look-again", "50ms"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    ProofRun run{target_.xgops(arguments), {}};
    run.document = parse_json(run.command.out);
    if (!run.document.is_object()) {
      run.document = Json::object();
    }
    return run;
  }
  /// Words that nobody uses any more may hide a lost task for a while: looks until `enough` is
  /// true, but not for ever. What is never to be said is checked each time.
  template <class Enough, class Check>
  ProofRun prove_until(Enough enough, Check check) {
    constexpr int kMostProofs = 20;
    ProofRun run;
    for (int i = 0; i < kMostProofs; ++i) {
      run = prove();
      check(run);
      if (enough(run)) {
        break;
      }
    }
    return run;
  }

  TargetProcess target_ = TargetProcess::spawn("lost_tasks");
};

TEST_F(ProofsTest, SayWhichTasksNobodyCanWakeAndNothingOfOthers) {
  tell("lose 20");
  tell("keep 20");
  tell("sleep 5");

  const ProofRun run =
      prove_until([](const ProofRun& each) { return each.count("proven", "lost(") == 20; },
                  [](const ProofRun& each) {
                    ASSERT_EQ(each.problem(), "");
                    // A sleeping task has the channels of five.
                    EXPECT_LE(each.count("proven", "lost("), 20U) << each.command.out;
                    EXPECT_EQ(each.count("proven", "kept("), 0U) << each.command.out;
                    EXPECT_EQ(each.count("suspect", "kept("), 0U) << each.command.out;
                  });

  EXPECT_EQ(run.command.status, 1) << describe(run.command);
  EXPECT_EQ(run.count("proven", "lost("), 20U) << run.command.out;
  EXPECT_EQ(run.count("reachable", "kept("), 20U) << run.command.out;
  EXPECT_EQ(run.count("reachable", "lost("), 5U) << run.command.out;
  EXPECT_EQ(run.proof().at("doubts"), Json::array()) << run.command.out;
  EXPECT_EQ(run.document.at("findings"), 1) << run.command.out;
}

TEST_F(ProofsTest, SayWhatKeepsASuspectAlive) {
  tell("list 3");

  const ProofRun run =
      prove_until([](const ProofRun& each) { return each.count("suspect", "listed(") == 3; },
                  [](const ProofRun& each) {
                    EXPECT_EQ(each.count("proven", "listed("), 0U) << each.command.out;
                  });

  EXPECT_EQ(run.command.status, 0) << describe(run.command);
  EXPECT_EQ(run.count("suspect", "listed("), 3U) << run.command.out;
  // A vector that a global has leads to variables in their frames.
  EXPECT_EQ(run.about("suspect", "listed(").at(0).at("holder").at("kind"), "heap")
      << run.command.out;
  const auto text = target_.xgops({"leaks", "-p", target_.pid_text(), "--prove"});
  EXPECT_NE(text.out.find(" has their frames, but nobody what they wait for"), string::npos)
      << describe(text);
}

TEST_F(ProofsTest, LeaveTheServerAsItWas) {
  tell("keep 50");
  tell("lose 50");
  const std::vector<pid_t> before = thread_ids(target_.pid());
  for (int i = 0; i < 5; ++i) {
    const ProofRun run = prove();
    ASSERT_EQ(run.problem(), "");
    tell("serve 50");
  }
  EXPECT_EQ(thread_ids(target_.pid()), before);
  // Nothing is left of the children, and none was waited for by the server.
  EXPECT_TRUE(children_of(target_.pid()).empty());
  EXPECT_EQ(target_.finish(), 0) << target_.log();
}

TEST_F(ProofsTest, AreAnnouncedAndAccountedFor) {
  tell("lose 5");

  const ProofRun run = prove();

  EXPECT_EQ(run.command.err.find("xgops: a proof looks through "), 0U) << run.command.err;
  ASSERT_EQ(run.problem(), "");
  const Json proof = run.proof();
  const Json& estimate = proof.at("estimate");
  EXPECT_GT(estimate.at("scan_bytes"), 0);
  EXPECT_GE(estimate.at("worst_bytes"), estimate.at("child_bytes"));
  const Json& costs = proof.at("costs");
  EXPECT_GE(costs.at("stops"), 2);
  EXPECT_GT(costs.at("longest_pause_s"), 0.0);
  EXPECT_GE(costs.at("total_s"), costs.at("pause_s"));
  EXPECT_GT(costs.at("scanned_bytes"), 0);
  EXPECT_GT(costs.at("child_bytes"), 0);
}

TEST_F(ProofsTest, AreRefusedAboveTheLimitBeforeAnythingIsStopped) {
  tell("fill 20");

  const auto refused =
      target_.xgops({"leaks", "-p", target_.pid_text(), "--prove", "--memory-limit", "10MiB"});

  EXPECT_EQ(refused.status, 2) << describe(refused);
  EXPECT_EQ(refused.out, "");
  EXPECT_NE(refused.err.find("refused: there are "), string::npos) << refused.err;
  // What it says that helps does help.
  const std::size_t at = refused.err.find("`--memory-limit ");
  ASSERT_NE(at, string::npos) << refused.err;
  const string limit = refused.err.substr(at + 16, refused.err.find("` allows it") - at - 16);
  const ProofRun allowed = prove({"--memory-limit", limit});
  EXPECT_EQ(allowed.problem(), "");
}

TEST_F(ProofsTest, EndInTime) {
  tell("fill 50");

  const auto result = target_.xgops(
      {"leaks", "-p", target_.pid_text(), "--prove", "--look-again", "50ms", "--timeout", "40ms"});

  // However fast the machine is: there is an answer or a reason, and the server goes on.
  EXPECT_TRUE(result.status == 0 || result.status == 2 || result.status == 4) << describe(result);
  tell("keep 1");
  tell("serve 1");
}

}  // namespace
}  // namespace xgops::test
