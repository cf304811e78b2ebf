// SPDX-License-Identifier: MIT
// That looking changes nothing: no call returns early, no signal goes astray, nothing crashes, and
// no stack is torn.
#include "e2e.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <sstream>

namespace xgops::test {
namespace {

using std::string;

/// Dumps `count` times; the answers, by default without names, which take the most time.
std::vector<StackAnswer> dump(const TargetProcess& target, int count,
                              const string& option = "--no-symbols") {
  std::vector<StackAnswer> answers;
  for (int i = 0; i < count; ++i) {
    answers.push_back(ask_for_stacks(target, {option}));
  }
  return answers;
}

TEST(BlockingCallsTest, NeverReturnEarly) {
  auto target = TargetProcess::spawn("eintr");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  for (const StackAnswer& answer : dump(target, 10)) {
    ASSERT_EQ(answer.command.status, 0) << describe(answer.command);
    EXPECT_EQ(answer.document["cost"]["interrupted"], 0);
    for (const Json& fact : target.facts()) {
      const Json thread = find_thread(answer.document, fact.value("tid", 0));
      EXPECT_EQ(string_at(thread, "status"), "exact") << fact << "\n" << thread;
    }
  }

  const Json report = parse_json(target.ask("report").value_or(""));
  ASSERT_TRUE(report.is_object()) << target.log();
  EXPECT_GE(report["blocked"], 50);
  EXPECT_EQ(report["returned"], Json::array());
}

/// The functions of the target `alternating`, so that hundreds of stacks need not be symbolized by
/// the command.
class FunctionTable {
 public:
  explicit FunctionTable(const std::filesystem::path& program) {
    std::istringstream lines(run_command({{"nm", "--demangle", program.string()}}).out);
    for (string line; std::getline(lines, line);) {
      constexpr std::size_t kNameColumn = 19;
      if (line.size() > kNameColumn && string("tTW").find(line[17]) != string::npos) {
        functions_[std::stoull(line, nullptr, 16)] = line.substr(kNameColumn);
      }
    }
  }

  /// The chain functions of a stack without names, innermost first.
  [[nodiscard]] std::vector<string> chain_of(const Json& thread) const {
    std::vector<string> names;
    for (const Json& frame : thread["frames"]) {
      // A return address may be the first byte of the next function.
      const auto after = functions_.upper_bound(frame["offset"].get<std::uint64_t>() - 1);
      if (frame["module"] == "alternating" && after != functions_.begin() &&
          std::prev(after)->second.find("chain_") != string::npos) {
        names.push_back(std::prev(after)->second);
      }
    }
    return names;
  }

 private:
  std::map<std::uint64_t, string> functions_;
};

/// Whether `seen` is an outer part of `chain`: a thread may be on its way up or down.
bool is_outer_part(const std::vector<string>& chain, const std::vector<string>& seen) {
  return seen.size() <= chain.size() && std::equal(seen.rbegin(), seen.rend(), chain.rbegin(),
                                                   [](const string& one, const string& function) {
                                                     return one.find(function) != string::npos;
                                                   });
}

TEST(TornStackTest, IsNeverReportedAsExact) {
  XGOPS_REQUIRE_PROGRAM("nm");
  const FunctionTable functions(target_path("alternating"));
  auto target = TargetProcess::spawn("alternating");
  ASSERT_TRUE(target.wait_ready()) << target.log();
  std::vector<string> chain_a{"chain_a_end("};
  for (int depth = 0; depth < 10; ++depth) {
    chain_a.push_back("chain_a<" + std::to_string(depth) + ">(");
  }
  std::vector<string> chain_b{"chain_b_end("};
  for (int depth = 0; depth < 15; ++depth) {
    chain_b.push_back("chain_b<" + std::to_string(depth) + ">(");
  }

  int exact = 0;
  int in_chains = 0;
  for (const StackAnswer& answer : dump(target, 200)) {
    ASSERT_FALSE(answer.document.is_discarded()) << describe(answer.command);
    for (const Json& fact : target.facts()) {
      const Json thread = find_thread(answer.document, fact.value("tid", 0));
      if (string_at(thread, "status") != "exact") {
        continue;
      }
      ++exact;
      const auto seen = functions.chain_of(thread);
      in_chains += seen.size() > 5 ? 1 : 0;
      EXPECT_TRUE(is_outer_part(chain_a, seen) || is_outer_part(chain_b, seen)) << thread.dump(1);
    }
  }
  // Most threads sleep at the end of a chain most of the time.
  EXPECT_GE(exact, 600) << "of 1200";
  EXPECT_GE(in_chains, exact / 2);
}

TEST(ChaosTest, SurvivesHundredsOfDumps) {
  auto target = TargetProcess::spawn("chaos");
  ASSERT_TRUE(target.wait_ready()) << target.log();
  std::map<string, int> statuses;

  for (const StackAnswer& answer : dump(target, 200)) {
    ASSERT_TRUE(answer.command.status == 0 || answer.command.status == 4)
        << describe(answer.command) << target.log();
    for (const Json& thread : answer.document["threads"]) {
      ++statuses[string_at(thread, "status")];
      EXPECT_TRUE(string_at(thread, "status") == "exact" || !string_at(thread, "reason").empty())
          << thread;
    }
  }

  ASSERT_TRUE(target.running()) << target.log();
  const Json before = parse_json(target.ask("report").value_or(""));
  ASSERT_TRUE(before.is_object()) << target.log();
  EXPECT_GT(statuses["exact"], statuses["partial"] + statuses["unavailable"]);
  // Every thread still moves: none hangs in a lock that our handler broke.
  std::map<string, bool> moved;
  const auto deadline = std::chrono::steady_clock::now() + kReadyDeadline;
  while (moved.size() < before.size() && std::chrono::steady_clock::now() < deadline) {
    const Json now = parse_json(target.ask("report").value_or(""));
    ASSERT_TRUE(now.is_object()) << target.log();
    for (const auto& [name, rounds] : now.items()) {
      if (rounds > before[name]) {
        moved[name] = true;
      }
    }
  }
  EXPECT_EQ(moved.size(), before.size()) << before;
}

TEST(RunningThreadsTest, AreReadOrDeclared) {
  auto target = TargetProcess::spawn("running");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto answer = ask_for_stacks(target);

  ASSERT_EQ(answer.command.status, 4) << describe(answer.command);  // `masked` has no stack.
  const Json spinner = answer.thread(target, "spinner");
  EXPECT_EQ(string_at(spinner, "status"), "exact") << spinner;
  EXPECT_EQ(string_at(spinner, "method"), "signal") << spinner;
  EXPECT_GE(position_of(spinner, "spin_here"), 0) << spinner.dump(1);
  EXPECT_LT(position_of(spinner, "spin_here"), position_of(spinner, "calls_spin_here"));
  const Json masked = answer.thread(target, "masked");
  EXPECT_EQ(string_at(masked, "status"), "unavailable") << masked;
  EXPECT_NE(string_at(masked, "reason").find("signal"), string::npos) << masked;
  const Json small = answer.thread(target, "small-stack");
  EXPECT_TRUE(string_at(small, "status") == "exact" || !string_at(small, "reason").empty())
      << small;
  const Json waiter = answer.thread(target, "sigwait-all");
  EXPECT_EQ(string_at(waiter, "method"), "read") << waiter;
  for (const char* name : {"spinner", "masked", "sigwait-all"}) {
    EXPECT_EQ(wait_difference(target.fact(name), answer.thread(target, name)), "");
  }
}

TEST(RunningThreadsTest, LoseNoSignalToUs) {
  auto target = TargetProcess::spawn("running");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  (void)dump(target, 30);

  EXPECT_EQ(target.ask("signals eaten?"), "0") << target.log();
}

TEST(RunningThreadsTest, AreLeftAloneOnRequest) {
  auto target = TargetProcess::spawn("running");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto answer = ask_for_stacks(target, {"--no-interrupt"});

  EXPECT_EQ(answer.document["cost"]["interrupted"], 0) << describe(answer.command);
  EXPECT_EQ(string_at(answer.thread(target, "spinner"), "status"), "unavailable");
  EXPECT_EQ(string_at(answer.thread(target, "sigwait-all"), "status"), "exact");
}

TEST(DeafThreadsTest, AreReadWithoutASignal) {
  auto target = TargetProcess::spawn("deaf_threads");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  for (const StackAnswer& answer : dump(target, 10)) {
    ASSERT_EQ(answer.command.status, 0) << describe(answer.command);
    for (const Json& fact : target.facts()) {
      const Json thread = find_thread(answer.document, fact.value("tid", 0));
      EXPECT_EQ(string_at(thread, "status"), "exact") << fact << "\n" << thread;
      EXPECT_EQ(wait_difference(fact, thread), "") << thread;
    }
  }

  EXPECT_EQ(target.ask("signals eaten?"), "0") << target.log();
}

TEST(SeccompTest, SparesThreadsThatMayOnlyReadAndWrite) {
  auto target = TargetProcess::spawn("seccomp_strict");
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto answers = dump(target, 20);

  EXPECT_TRUE(target.running()) << target.log();
  const StackAnswer& last = answers.back();
  EXPECT_EQ(string_at(last.thread(target, "strict-reader"), "status"), "exact")
      << describe(last.command);
  EXPECT_EQ(wait_difference(target.fact("strict-reader"), last.thread(target, "strict-reader")),
            "");
  const Json spinner = last.thread(target, "strict-spinner");
  EXPECT_EQ(string_at(spinner, "status"), "unavailable") << spinner;
  EXPECT_NE(string_at(spinner, "reason").find("seccomp"), string::npos) << spinner;
}

}  // namespace
}  // namespace xgops::test
