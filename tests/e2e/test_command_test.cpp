// SPDX-License-Identifier: MIT
// `xgops test` on programs of three test frameworks, which know nothing of it.
#include "e2e.hpp"
#include "support/temp_dir.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace xgops::test {
namespace {

using std::string;
using std::vector;

constexpr std::chrono::seconds kDeadline{120};

bool contains(const string& text, const string& part) {
  return text.find(part) != string::npos;
}

string content_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class TestCommandTest : public testing::Test {
 protected:
  /// `xgops test OPTIONS -- SUITE ARGUMENTS`
  CommandResult run(vector<string> options, const string& suite, const vector<string>& arguments,
                    const Environment& environment = {}) {
    options.insert(options.begin(), {"test", "--agent", agent_path()});
    options.insert(options.end(), {"--", target_path(suite)});
    options.insert(options.end(), arguments.begin(), arguments.end());
    return run_xgops(directory_.path(), options, environment, kDeadline);
  }

  const TempDir directory_;
};

/// "2 tasks in timer" of each test that leaks, by name.
std::map<string, string> leaks_by_test(const Json& answer) {
  std::map<string, string> leaks;
  for (const Json& test : answer["tests"]) {
    for (const Json& leak : test["leaks"]) {
      leaks[string_at(test, "name")] += std::to_string(leak["count"].get<int>()) + " " +
                                        string_at(leak, "kind") + " in " + string_at(leak, "state");
    }
  }
  return leaks;
}

std::map<string, string> outcomes(const Json& answer) {
  std::map<string, string> found;
  for (const Json& test : answer["tests"]) {
    found[string_at(test, "name")] = string_at(test, "outcome");
  }
  return found;
}

TEST_F(TestCommandTest, SaysNothingOfATestProgramThatLeaksNothing) {
  const auto result = run({}, "gtest_suite", {"--gtest_filter=*Joins*:*Finishes*:*Forks:*Port*"});

  EXPECT_EQ(result.status, 0) << describe(result);
  EXPECT_TRUE(contains(result.out, "[  PASSED  ] 5 tests.")) << result.out;
  EXPECT_TRUE(result.out.ends_with("\nno leaks\n")) << result.out;
}

TEST_F(TestCommandTest, NamesTasksAndThreadsThatAWholeProgramLeaves) {
  const auto result = run({"--json"}, "gtest_suite", {"--gtest_filter=SuiteTest.*"});

  EXPECT_EQ(result.status, 1) << describe(result);
  EXPECT_TRUE(contains(result.err, "[  PASSED  ] 5 tests.")) << result.err;
  const Json answer = parse_json(result.out);
  ASSERT_EQ(answer["tests"].size(), 1U) << result.out;
  const Json& leaks = answer["tests"][0]["leaks"];
  ASSERT_EQ(leaks.size(), 2U) << result.out;
  for (const Json& leak : leaks) {
    const bool is_task = leak["kind"] == "tasks";
    EXPECT_EQ(leak["count"], 1);
    EXPECT_EQ(leak["state"], is_task ? "timer" : "condition wait");
    EXPECT_TRUE(contains(string_at(leak["created"].at(0), "function"),
                         is_task ? "bodies::forget_a_task" : "bodies::forget_a_thread"))
        << leak;
    EXPECT_TRUE(contains(string_at(leak["created"].at(0), "file"), "bodies.hpp")) << leak;
    EXPECT_TRUE(has_function(
        leak, is_task ? "bodies::wait_for_long" : "bodies::wait_for_a_signal_that_never_comes"))
        << leak;
  }
}

TEST_F(TestCommandTest, SeesTheTasksOfAProgramThatExportsItsSymbols) {
  const auto result = run({"--json"}, "exporting_suite", {"--gtest_filter=SuiteTest.*"});

  EXPECT_EQ(result.status, 1) << describe(result);
  const Json answer = parse_json(result.out);
  ASSERT_EQ(answer["tests"].size(), 1U) << result.out;
  std::map<string, int> counts;
  for (const Json& leak : answer["tests"][0]["leaks"]) {
    counts[string_at(leak, "kind")] += leak["count"].get<int>();
  }
  EXPECT_EQ(counts, (std::map<string, int>{{"tasks", 1}, {"threads", 1}})) << result.out;
  EXPECT_EQ(answer["tests"][0]["unseen"], false);
}

TEST_F(TestCommandTest, DoesNotTakeTheThreadThatEndsTheProgramForALeak) {
  const auto result = run({}, "leaving", {"thread"});

  EXPECT_EQ(result.status, 0) << describe(result);
  EXPECT_TRUE(result.out.ends_with("no leaks\n")) << result.out;
}

TEST_F(TestCommandTest, ReportsWhenAnotherThreadEndsTheProgramMeanwhile) {
  const auto result = run({}, "leaving", {"twice"});

  EXPECT_EQ(result.status, 1) << describe(result);
  EXPECT_TRUE(contains(result.out, "leave_forever")) << result.out;
}

TEST_F(TestCommandTest, ReportsWhenTheThreadThatEndsTheProgramIsCancelled) {
  const auto result = run({}, "leaving", {"cancelled"});

  EXPECT_EQ(result.status, 1) << describe(result);
  EXPECT_TRUE(contains(result.out, "leave_forever")) << result.out;
  EXPECT_FALSE(contains(result.out, "crashed")) << result.out;
}

TEST_F(TestCommandTest, SeesThreadsOfC11) {
  const auto result = run({}, "leaving", {"c11"});

  EXPECT_EQ(result.status, 1) << describe(result);
  EXPECT_TRUE(contains(result.out, "leaks 1 thread")) << result.out;
}

TEST_F(TestCommandTest, LeavesAProgramAloneThatHasConfinedItself) {
  const auto result = run({}, "leaving", {"confined"});

  EXPECT_EQ(result.status, 4) << describe(result);
  EXPECT_TRUE(contains(result.out, "its leaks are not known")) << result.out;
}

TEST_F(TestCommandTest, TellsALeakFromATestThatFails) {
  const auto fails = run({}, "gtest_suite", {"--gtest_filter=BadTest.Fails"});
  EXPECT_EQ(fails.status, 1) << describe(fails);
  EXPECT_TRUE(contains(fails.out, "failed (exit status 1)")) << fails.out;
  EXPECT_TRUE(contains(fails.out, "\nno leaks\n")) << fails.out;
}

TEST_F(TestCommandTest, SaysThatItCannotKnowAfterUnderscoreExit) {
  const auto result = run({}, "gtest_suite", {"--gtest_filter=BadTest.Leaves"});

  EXPECT_EQ(result.status, 4) << describe(result);
  EXPECT_TRUE(contains(result.out, "its leaks are not known")) << result.out;
}

TEST_F(TestCommandTest, SaysThatTheAgentIsOff) {
  const auto result =
      run({}, "gtest_suite", {"--gtest_filter=SuiteTest.ForgetsATask"}, {{"XGOPS", "0"}});

  EXPECT_EQ(result.status, 4) << describe(result);
  EXPECT_TRUE(contains(result.err, "XGOPS=0")) << result.err;
}

TEST_F(TestCommandTest, FindsTheTestsOfGoogleTestThatLeak) {
  const auto result =
      run({"--bisect", "--json", "--hang", "15s", "--jobs", "2"}, "gtest_suite", {});

  EXPECT_EQ(result.status, 1) << describe(result);
  const Json answer = parse_json(result.out);
  EXPECT_EQ(answer["framework"], "GoogleTest");
  EXPECT_EQ(leaks_by_test(answer), (std::map<string, string>{
                                       {"SuiteTest.ForgetsATask", "1 tasks in timer"},
                                       {"SuiteTest.ForgetsAThread", "1 threads in condition wait"},
                                   }));
  EXPECT_EQ(outcomes(answer), (std::map<string, string>{
                                  {"SuiteTest.JoinsItsThread", "passed"},
                                  {"SuiteTest.ForgetsAThread", "passed"},
                                  {"SuiteTest.FinishesItsTask", "passed"},
                                  {"SuiteTest.ForgetsATask", "passed"},
                                  {"SuiteTest.Forks", "passed"},
                                  {"SuiteTest.IsSkipped", "skipped"},
                                  {"BadTest.Fails", "failed"},
                                  {"BadTest.Crashes", "crashed"},
                                  {"BadTest.Leaves", "passed"},
                                  {"HangTest.Hangs", "hung"},
                                  {"All/PortTest.Opens/0", "passed"},
                                  {"All/PortTest.Opens/1", "passed"},
                              }));
}

TEST_F(TestCommandTest, ShowsWhatBlocksATestThatHangs) {
  const auto result = run({"--bisect", "--hang", "5s"}, "gtest_suite", {"--gtest_filter=Hang*"});

  EXPECT_EQ(result.status, 1) << describe(result);
  EXPECT_TRUE(contains(result.out, "HangTest.Hangs: hung after")) << result.out;
  EXPECT_TRUE(contains(result.out, "deadlock: 2 threads wait for each other in a circle"))
      << result.out;
  EXPECT_TRUE(contains(result.out, "bodies::hang()")) << result.out;
}

TEST_F(TestCommandTest, ShowsWhatBlocksAProgramThatHangs) {
  const auto result = run({"--hang", "5s"}, "gtest_suite", {"--gtest_filter=Hang*"});

  EXPECT_EQ(result.status, 1) << describe(result);
  EXPECT_TRUE(contains(result.out, "deadlock: 2 threads")) << result.out;
}

TEST_F(TestCommandTest, HonoursTheFiltersOfTheProgram) {
  const auto result =
      run({"--bisect", "--json"}, "gtest_suite", {"--gtest_filter=*Joins*:*Finishes*"});

  EXPECT_EQ(result.status, 0) << describe(result);
  EXPECT_EQ(parse_json(result.out)["tests"].size(), 2U) << result.out;
}

/// Catch2 and doctest, whose tests may have any names.
class FreeNamesTest : public TestCommandTest, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(target_path(GetParam()))) {
      GTEST_SKIP() << "the headers of this framework were not there";
    }
  }
};

TEST_P(FreeNamesTest, FindsTheTestsThatLeak) {
  const auto result = run({"--bisect", "--json", "--hang", "15s", "--jobs", "2"}, GetParam(), {});

  EXPECT_EQ(result.status, 1) << describe(result);
  const Json answer = parse_json(result.out);
  const string thread = "forgets, [always] a \\ \"thread\" *";
  EXPECT_EQ(leaks_by_test(answer), (std::map<string, string>{
                                       {thread, "1 threads in condition wait"},
                                       {"-forgets a task?", "1 tasks in timer"},
                                   }));
  EXPECT_EQ(outcomes(answer), (std::map<string, string>{
                                  {"joins its thread", "passed"},
                                  {thread, "passed"},
                                  {thread + " but not this one", "passed"},
                                  {"~finishes its task", "passed"},
                                  {"-forgets a task?", "passed"},
                                  {"#forks", "passed"},
                                  {"bad: fails", "failed"},
                                  {"bad: crashes", "crashed"},
                                  {"bad: leaves", "passed"},
                                  {"hangs", "hung"},
                              }));
}

INSTANTIATE_TEST_SUITE_P(, FreeNamesTest, testing::Values("catch2_suite", "doctest_suite"),
                         [](const auto& suite) { return string(suite.param).substr(0, 6); });

TEST_F(TestCommandTest, HonoursTheFiltersOfCatch2) {
  if (!std::filesystem::exists(target_path("catch2_suite"))) {
    GTEST_SKIP() << "the headers of this framework were not there";
  }
  const auto result = run({"--bisect", "--json"}, "catch2_suite", {"joins*", "-s"});

  EXPECT_EQ(result.status, 0) << describe(result);
  EXPECT_EQ(outcomes(parse_json(result.out)),
            (std::map<string, string>{{"joins its thread", "passed"}}));
}

TEST_F(TestCommandTest, WritesDocumentsAndABaselineThatHolds) {
  const string junit = directory_.path() / "tests.xml";
  const string sarif = directory_.path() / "leaks.sarif";
  const string baseline = directory_.path() / "baseline.json";
  const vector<string> filter{"--gtest_filter=SuiteTest.Forgets*"};
  const auto found =
      run({"--bisect", "--junit", junit, "--sarif", sarif, "--write-baseline", baseline},
          "gtest_suite", filter);
  EXPECT_EQ(found.status, 1) << describe(found);
  EXPECT_TRUE(contains(content_of(junit), "failures=\"2\" errors=\"0\"")) << content_of(junit);
  const Json results = parse_json(content_of(sarif))["runs"][0]["results"];
  ASSERT_EQ(results.size(), 2U) << content_of(sarif);
  EXPECT_TRUE(
      contains(string_at(results[0]["locations"][0]["physicalLocation"]["artifactLocation"], "uri"),
               "bodies.hpp"));

  const auto unfilled = run({"--bisect", "--baseline", baseline}, "gtest_suite", filter);
  EXPECT_EQ(unfilled.status, 64) << describe(unfilled);
  EXPECT_TRUE(contains(unfilled.err, "without a reason")) << unfilled.err;

  string text = content_of(baseline);
  for (std::size_t at = text.find("TODO"); at != string::npos; at = text.find("TODO")) {
    text.replace(at, 4, "Ticket 7");
  }
  std::ofstream(baseline) << text;
  const auto known = run({"--bisect", "--baseline", baseline}, "gtest_suite", filter);
  EXPECT_EQ(known.status, 0) << describe(known);
  EXPECT_TRUE(contains(known.out, "known until ")) << known.out;

  const string year = "\"expires\": \"";
  for (std::size_t at = text.find(year); at != string::npos; at = text.find(year, at + 1)) {
    text.replace(at + year.size(), 4, "2020");
  }
  std::ofstream(baseline) << text;
  const auto expired = run({"--bisect", "--baseline", baseline}, "gtest_suite", filter);
  EXPECT_EQ(expired.status, 1) << describe(expired);
  EXPECT_TRUE(contains(expired.out, "baseline: expired on 2020-")) << expired.out;
}

TEST_F(TestCommandTest, RefusesWhatIsNoTestProgram) {
  const auto none = run_xgops(directory_.path(), {"test", "--bisect", "--", "true"});
  EXPECT_EQ(none.status, 2) << describe(none);
  EXPECT_TRUE(contains(none.err, "no sign of GoogleTest, Catch2 or doctest")) << none.err;

  const auto wrong =
      run_xgops(directory_.path(), {"test", "--bisect", "--framework", "gtest", "--", "true"});
  EXPECT_EQ(wrong.status, 2) << describe(wrong);
  EXPECT_TRUE(contains(wrong.err, "lists no tests")) << wrong.err;

  const auto fixed = run_xgops(directory_.path(), {"test", "--", target_path("simple_static")});
  EXPECT_EQ(fixed.status, 2) << describe(fixed);
  EXPECT_TRUE(contains(fixed.err, "statically linked")) << fixed.err;

  const string script = directory_.path() / "tests.sh";
  std::ofstream(script) << "#!/bin/sh\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  const auto shell = run_xgops(directory_.path(), {"test", "--", script});
  EXPECT_EQ(shell.status, 2) << describe(shell);
  EXPECT_TRUE(contains(shell.err, "is a script")) << shell.err;

  EXPECT_EQ(run_xgops(directory_.path(), {"test"}).status, 64);
}

}  // namespace
}  // namespace xgops::test
