// SPDX-License-Identifier: MIT
// Leak checks for Catch2, versions 2 and 3: `XGOPS_LEAK_CHECK();` as the first line of a test case
// or section, or TEST_CASE_METHOD(xgops::LeakCheckedTest, "name").
#pragma once

#include "xgops/leak_check.hpp"

#if __has_include(<catch2/catch_test_macros.hpp>)
#  include <catch2/catch_message.hpp>
#  include <catch2/catch_test_macros.hpp>
#elif __has_include(<catch_amalgamated.hpp>)
#  include <catch_amalgamated.hpp>
#else
#  include <catch2/catch.hpp>
#endif

#include <cstdint>

namespace xgops {
namespace detail {

inline void report_leaks_to_catch2(const LeakReport& report, const char* file, std::uint32_t line) {
  if (!report) {
    FAIL_CHECK(file << ':' << line << ": " << report.text());
  } else {
    WARN(report.text());
  }
}
[[gnu::used]] inline const bool kReportsLeaksToCatch2 =
    (leak_reporter.store(&report_leaks_to_catch2), true);

}  // namespace detail

}  // namespace xgops
