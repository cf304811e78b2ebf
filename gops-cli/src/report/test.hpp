// SPDX-License-Identifier: MIT
// What `xgops test` found.
#pragma once

#include "xgops/protocol/test_report.hpp"
#include "xgops/symbolize/symbolizer.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace xgops::cli {

/// Tasks or threads that are alike and outlived their test. All text is untrusted.
struct TestLeak {
  bool is_thread = false;
  protocol::LeakFate fate = protocol::LeakFate::kRunning;
  std::uint64_t count = 0;
  std::vector<std::uint64_t> ids;  ///< The first few.
  std::string state;
  std::string object;
  std::string why;
  std::string name;
  std::string labels;
  std::int64_t age_ns = -1;
  std::vector<symbolize::Symbol> frames;   ///< Innermost first.
  std::vector<symbolize::Symbol> created;  ///< Who created it, and who called that.
  std::string fingerprint;                 ///< The same in every build: without lines and ids.
  bool is_known = false;                   ///< The baseline has it, and it has not expired.
  std::string remark;                      ///< What the baseline says of it; may be empty.
};

/// How a test, or a whole program, ended.
enum class TestOutcome : std::uint8_t {
  kPassed,
  kSkipped,
  kFailed,
  kCrashed,
  kHung,
  kTimedOut,
};

/// The word for it, for people and programs.
constexpr const char* id_of(TestOutcome outcome) noexcept {
  switch (outcome) {
    case TestOutcome::kPassed:
      return "passed";
    case TestOutcome::kSkipped:
      return "skipped";
    case TestOutcome::kFailed:
      return "failed";
    case TestOutcome::kCrashed:
      return "crashed";
    case TestOutcome::kHung:
      return "hung";
    case TestOutcome::kTimedOut:
      return "timed out";
  }
  return "";
}

struct TestResult {
  std::string name;  ///< "": all tests of the program, in one process.
  TestOutcome outcome = TestOutcome::kPassed;
  int exit_status = 0;
  int signal = 0;  ///< That ended it; 0: none.
  std::chrono::milliseconds duration{0};
  std::string output;  ///< The last of it, where it was not passed through.
  std::string hang;    ///< What was seen of it when it hung.
  std::vector<TestLeak> leaks;
  std::string no_report;  ///< Why nothing is known of leaks; "": it is.
  bool unseen = false;    ///< There is more than could be seen.
  std::uint64_t unlisted_groups = 0;
  std::string task_problem;  ///< Why there may be tasks that were not seen.

  [[nodiscard]] bool failed() const {
    return outcome != TestOutcome::kPassed && outcome != TestOutcome::kSkipped;
  }
  [[nodiscard]] bool leaks_anew() const {
    return unlisted_groups > 0 || std::any_of(leaks.begin(), leaks.end(),
                                              [](const TestLeak& leak) { return !leak.is_known; });
  }
};

struct TestsReport {
  std::string program;
  std::string framework;  ///< "" when nobody asked.
  bool each_alone = false;
  std::vector<TestResult> tests;
  std::size_t not_run = 0;            ///< As somebody pressed Ctrl-C.
  std::vector<std::string> baseline;  ///< What is to be said of entries of the baseline.

  [[nodiscard]] bool finds() const {
    return std::any_of(tests.begin(), tests.end(),
                       [](const TestResult& test) { return test.failed() || test.leaks_anew(); });
  }
  [[nodiscard]] bool is_partial() const {
    return not_run > 0 || std::any_of(tests.begin(), tests.end(), [](const TestResult& test) {
             return test.unseen || !test.task_problem.empty() ||
                    (!test.no_report.empty() && !test.failed());
           });
  }
};

}  // namespace xgops::cli
