// SPDX-License-Identifier: MIT
// Leak checks for GoogleTest. Every test of a program:
//
//     int main(int argc, char** argv) {
//       testing::InitGoogleTest(&argc, argv);
//       xgops::check_every_test();
//       return RUN_ALL_TESTS();
//     }
//
// One test: `XGOPS_LEAK_CHECK();` as its first line.
#pragma once

#include "xgops/leak_check.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <utility>

namespace xgops {
namespace detail {

inline void report_leaks_to_gtest(const LeakReport& report, const char* file, std::uint32_t line) {
  if (!report) {
    ADD_FAILURE_AT(file, static_cast<int>(line)) << report;
  } else {
    GTEST_MESSAGE_AT_(file, static_cast<int>(line), report.text().c_str(),
                      testing::TestPartResult::kSuccess);
  }
}
[[gnu::used]] inline const bool kReportsLeaksToGtest =
    (leak_reporter.store(&report_leaks_to_gtest), true);

}  // namespace detail

/// Checks each test: what it makes has to have ended when it does, its fixture torn down. Tests
/// that failed or were skipped are not checked.
class LeakListener : public testing::EmptyTestEventListener {
 public:
  explicit LeakListener(LeakOptions options = {}) : options_(std::move(options)) {}

  void OnTestStart(const testing::TestInfo& /*test*/) override { check_.emplace(options_); }
  void OnTestEnd(const testing::TestInfo& test) override {
    const bool passed = test.result()->Passed();
    const LeakReport report =
        passed ? check_->verify() : check_->verify(LeakOptions().within(std::chrono::seconds(0)));
    check_.reset();
    if (passed && !report) {
      ADD_FAILURE_AT(test.file(), test.line())
          << "leaked by " << test.test_suite_name() << '.' << test.name() << ": " << report;
    }
  }

 private:
  LeakOptions options_;
  std::optional<LeakCheck> check_;
};

/// Call it between InitGoogleTest and RUN_ALL_TESTS.
inline void check_every_test(LeakOptions options = {}) {
  // Appended: told of a test's end before the printer that stands before it. GoogleTest owns it.
  testing::UnitTest::GetInstance()->listeners().Append(new LeakListener(std::move(options)));
}

}  // namespace xgops
