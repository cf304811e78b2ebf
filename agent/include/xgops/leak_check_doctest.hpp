// SPDX-License-Identifier: MIT
// Leak checks for doctest: `XGOPS_LEAK_CHECK();` as the first line of a test case or subcase, or
// TEST_CASE_FIXTURE(xgops::LeakCheckedTest, "name").
#pragma once

#include "xgops/leak_check.hpp"

#include <cstdint>

#include <doctest/doctest.h>

namespace xgops {
namespace detail {

inline void report_leaks_to_doctest(const LeakReport& report, const char* file,
                                    std::uint32_t line) {
  const std::string text = report.text();
  if (!report) {
    DOCTEST_ADD_FAIL_CHECK_AT(file, static_cast<int>(line), text);
  } else {
    DOCTEST_ADD_MESSAGE_AT(file, static_cast<int>(line), text);
  }
}
[[gnu::used]] inline const bool kReportsLeaksToDoctest =
    (leak_reporter.store(&report_leaks_to_doctest), true);

}  // namespace detail

}  // namespace xgops
