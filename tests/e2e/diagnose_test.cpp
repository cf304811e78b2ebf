// SPDX-License-Identifier: MIT
// What `xgops diagnose` says of real programs: each case is found, its twin without the mistake is
// not. A case may need a moment to get into its state: the test asks until it is, with a deadline.
#include "e2e.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <unistd.h>

namespace xgops::test {
namespace {

using std::string;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kDeadline{30};
constexpr int kQuietRuns = 5;

TargetProcess start_case(const string& name, const string& kind) {
  TargetOptions options;
  options.arguments = {name, kind};
  return TargetProcess::spawn("executor_cases", std::move(options));
}

struct Answer {
  int status = -1;
  Json document;

  /// The only finding of this rule; null: there is none, or several.
  [[nodiscard]] Json finding(const string& rule) const {
    Json found;
    int count = 0;
    for (const Json& finding : document["findings"]) {
      if (finding["rule"] == rule) {
        found = finding;
        ++count;
      }
    }
    return count == 1 ? found : Json();
  }
};

Answer diagnose(const TargetProcess& target, const string& rules) {
  const auto result = target.xgops(
      {"diagnose", "-p", target.pid_text(), "--rules", rules, "--older", "1ms", "--json"});
  return {result.status, Json::parse(result.out, nullptr, false)};
}

/// Asks until the answer has a finding of `rule`.
Answer wait_for_finding(const TargetProcess& target, const string& rule, const string& rules) {
  const auto deadline = steady_clock::now() + kDeadline;
  for (;;) {
    Answer answer = diagnose(target, rules);
    if (!answer.finding(rule).is_null() || steady_clock::now() > deadline) {
      return answer;
    }
  }
}

struct Case {
  const char* name;
  const char* rule;   ///< That must find it.
  const char* rules;  ///< That are applied.
  const char* words;  ///< In the sentence.
};

// Names of parameterized tests come from this.
void PrintTo(const Case& each, std::ostream* out) {
  *out << each.name;
}

class DiagnoseCaseTest : public testing::TestWithParam<Case> {};

TEST_P(DiagnoseCaseTest, IsFound) {
  auto target = start_case(GetParam().name, "bug");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const Answer answer = wait_for_finding(target, GetParam().rule, GetParam().rules);

  const Json finding = answer.finding(GetParam().rule);
  ASSERT_FALSE(finding.is_null()) << answer.document.dump(1);
  EXPECT_EQ(answer.status, 1);
  EXPECT_NE(string_at(finding, "message").find(GetParam().words), string::npos) << finding.dump(1);
  if (GetParam().rule == string("lost-exception")) {
    return;  // Those that it is about have ended.
  }
  ASSERT_FALSE(finding["members"].empty());
  EXPECT_FALSE(finding["members"][0]["wait"].is_null()) << finding.dump(1);
}

TEST_P(DiagnoseCaseTest, HasATwinOfWhichNothingIsSaid) {
  auto target = start_case(GetParam().name, "fixed");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  for (int run = 0; run < kQuietRuns; ++run) {
    const Answer answer = diagnose(target, GetParam().rules);

    ASSERT_EQ(answer.status, 0) << answer.document.dump(1);
    ASSERT_TRUE(answer.document["findings"].empty());
  }
}

constexpr const char* kDefault = "deadlock,holder-gone,nobody-can-run,starved-executor";

INSTANTIATE_TEST_SUITE_P(
    Cases, DiagnoseCaseTest,
    testing::Values(
        Case{"future_on_own_executor", "starved-executor", kDefault, "blocked in a synchronous"},
        Case{"future_beside_another_executor", "starved-executor", kDefault,
             "the only thread that runs one of the executors is blocked"},
        Case{"future_and_nobody_else", "nobody-can-run", kDefault, "nobody is left to wake"},
        Case{"everybody_receives", "nobody-can-run", kDefault, "3 tasks wait"},
        Case{"one_executor_receives", "executor-asleep", "executor-asleep",
             "all 3 tasks of an executor wait"},
        Case{"lock_and_future", "nobody-can-run", kDefault, "3 threads and 1 task wait"},
        Case{"busy", "stall", "stall", "without suspending"},
        Case{"sleeping", "stall", "stall", "without suspending"},
        Case{"handler_sleeps", "stall", "stall", "a handler has blocked its executor's thread"},
        Case{"handler_computes", "stall", "stall", "a handler has run for at least"},
        Case{"handler_dispatches", "stall", "stall", "a handler has run for at least"},
        Case{"mutex_across_suspension", "lock-across-suspension", "lock-across-suspension",
             "back in its executor's loop"},
        Case{"never_started", "never-resumed", "never-resumed", "never ran"},
        Case{"convoy", "convoy", "convoy", "queue for the mutex"},
        Case{"dropped_exception", "lost-exception", "lost-exception",
             "ended with an exception, and nobody was told"},
        Case{"buffer_in_frame", "large-frame", "large-frame", "5 tasks have one each"},
        Case{"silent_peer", "io", "io", "without a timeout"}),
    [](const auto& each) { return string(each.param.name); });

class DiagnoseTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(target_.wait_ready()) << target_.log(); }
  TargetProcess target_ = TargetProcess::spawn("deadlock_two_mutexes");
};

TEST_F(DiagnoseTest, ShowsTwoMutexesOfAnUnmodifiedProgramAsACircle) {
  const Answer answer = wait_for_finding(target_, "deadlock", "all");

  const Json finding = answer.finding("deadlock");
  ASSERT_FALSE(finding.is_null()) << answer.document.dump(1);
  const Json& members = finding["members"];
  ASSERT_EQ(members.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(members[i]["wait"]["reason"], "mutex_lock");
    EXPECT_EQ(members[i]["wait"]["owner_tid"], members[1 - i]["thread"]);
    EXPECT_FALSE(members[i]["frames"].empty());
  }
}

TEST_F(DiagnoseTest, SaysItInWordsAndWhatToTypeNext) {
  wait_for_finding(target_, "deadlock", "deadlock");

  const auto result = target_.xgops({"diagnose", "-p", target_.pid_text()});

  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.out.find("1. deadlock: 2 threads wait for each other in a circle"), string::npos)
      << result.out;
  EXPECT_NE(result.out.find("more: xgops locks -p " + target_.pid_text()), string::npos)
      << result.out;
}

TEST_F(DiagnoseTest, WritesSarifForToolsThatCollectFindings) {
  wait_for_finding(target_, "deadlock", "deadlock");

  const auto result = target_.xgops({"diagnose", "-p", target_.pid_text(), "--format", "sarif"});

  const Json document = Json::parse(result.out, nullptr, false);
  ASSERT_FALSE(document.is_discarded()) << result.out;
  EXPECT_EQ(document["version"], "2.1.0");
  const Json& found = document["runs"][0]["results"];
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]["ruleId"], "deadlock");
  EXPECT_EQ(found[0]["level"], "error");
  const string uri =
      found[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].get<string>();
  EXPECT_NE(uri.find("deadlock_two_mutexes.cpp"), string::npos) << uri;
}

TEST_F(DiagnoseTest, ListsTheLocksWithTheirOwnersAndWaiters) {
  const Answer answer = wait_for_finding(target_, "deadlock", "deadlock");
  const Json members = answer.finding("deadlock")["members"];

  const Json locks = target_.xgops_json({"locks"})["locks"];

  ASSERT_EQ(locks.size(), 2U) << locks.dump(1);
  for (const Json& lock : locks) {
    EXPECT_EQ(lock["kind"], "mutex");
    ASSERT_EQ(lock["holders"].size(), 1U);
    ASSERT_EQ(lock["waiters"].size(), 1U);
    EXPECT_NE(lock["holders"][0]["thread"], lock["waiters"][0]["thread"]);
  }
}

TEST_F(DiagnoseTest, RefusesARuleThatDoesNotExist) {
  const auto result = target_.xgops({"diagnose", target_.pid_text(), "--rules", "deadlok"});

  EXPECT_EQ(result.status, 64);
  EXPECT_NE(result.err.find("there is no rule 'deadlok'"), string::npos) << result.err;
}

}  // namespace
}  // namespace xgops::test
