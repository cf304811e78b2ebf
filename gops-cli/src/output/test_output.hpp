// SPDX-License-Identifier: MIT
// What `xgops test` found, for people and for the tools that collect such things. No I/O.
#pragma once

#include "output/presentation.hpp"
#include "report/test.hpp"

#include <string>

namespace xgops::cli {

[[nodiscard]] std::string tests_text(const TestsReport& report, const Presentation& presentation);
[[nodiscard]] std::string tests_json(const TestsReport& report);
/// JUnit's XML, as Jenkins and others read it.
[[nodiscard]] std::string tests_junit(const TestsReport& report);
/// SARIF 2.1.0, see docs.oasis-open.org/sarif/sarif/v2.1.0.
[[nodiscard]] std::string tests_sarif(const TestsReport& report);

/// What a test did wrong, in one line; "" for nothing: "crashed (SIGSEGV), leaks 1 thread".
[[nodiscard]] std::string verdict_text(const TestResult& test);

/// All of one leak, indented, without colours: a sentence, its stack, and where it was created.
[[nodiscard]] std::string leak_lines(const TestLeak& leak);

/// "1 thread in state mutex lock, created by f() at a.cpp:7: blocked for good".
[[nodiscard]] std::string leak_sentence(const TestLeak& leak);

}  // namespace xgops::cli
