// SPDX-License-Identifier: MIT
// What `xgops test` found, in each form. That the XML is well-formed, schema_test.py checks.
#include "output/test_output.hpp"

#include "cli/support/golden.hpp"
#include "cli/support/sample_tests.hpp"
#include "xgops/version.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace xgops::cli {
namespace {

using test::expect_golden;
using test::expect_golden_json;
using test::sample_tests;

TEST(TestOutputTest, IsText) {
  TestsReport report = sample_tests();
  report.tests[1].leaks[0].is_known = true;
  report.tests[1].leaks[0].remark = "known until 2030-01-31: ticket 7";
  report.baseline = {"matched nothing, is it still needed? created_by f"};

  expect_golden("test.txt", tests_text(report, {}));
}

TEST(TestOutputTest, IsTextOfAWholeProgram) {
  TestsReport report = sample_tests();
  report.each_alone = false;
  report.framework.clear();
  report.not_run = 0;
  report.tests = {report.tests[1]};
  report.tests[0].name.clear();
  report.tests[0].unlisted_groups = 3;
  report.tests[0].unseen = true;
  report.tests[0].task_problem = "another version of xgops";

  expect_golden("test_whole.txt", tests_text(report, {}));
}

TEST(TestOutputTest, SaysThatThereIsNothingToSay) {
  TestsReport report = sample_tests();
  report.not_run = 0;
  report.tests = {report.tests[0], report.tests[2]};

  EXPECT_EQ(tests_text(report, {}), "2 tests of GoogleTest: no leaks, 0 failed\n");
}

TEST(TestOutputTest, DoesNotSayThatNothingLeaksWhereNothingIsKnown) {
  TestsReport report = sample_tests();
  report.not_run = 0;
  report.tests = {report.tests[0]};
  report.tests[0].no_report = "it crashed";
  report.tests[0].outcome = TestOutcome::kCrashed;
  const auto last_line = [&] {
    const std::string text = tests_text(report, {});
    return text.substr(text.rfind('\n', text.size() - 2) + 1);
  };

  EXPECT_EQ(last_line(), "1 test of GoogleTest: leaks are not known, 1 failed\n");
  report.tests.push_back(sample_tests().tests[2]);
  EXPECT_EQ(last_line(),
            "2 tests of GoogleTest: no leaks, leaks of 1 test are not known, 1 failed\n");
  report.each_alone = false;
  EXPECT_EQ(last_line(), "leaks are not known\n");
  report.tests.clear();
  report.not_run = 1;
  EXPECT_EQ(last_line(), "leaks are not known\n");
}

TEST(TestOutputTest, EncodesPathsInSarif) {
  TestsReport report = sample_tests();
  report.tests = {report.tests[1]};
  for (TestLeak& leak : report.tests[0].leaks) {
    for (auto* const stack : {&leak.created, &leak.frames}) {
      for (symbolize::Symbol& symbol : *stack) {
        symbol.file = "/home/a b/100%/#1/\xc3\xa4.cpp";
      }
    }
  }

  EXPECT_NE(tests_sarif(report).find("\"/home/a%20b/100%25/%231/%C3%A4.cpp\""), std::string::npos);
}

TEST(TestOutputTest, IsJson) {
  expect_golden_json("test.json", tests_json(sample_tests()));
}

TEST(TestOutputTest, IsJUnitsXml) {
  expect_golden("test.xml", tests_junit(sample_tests()));
}

TEST(TestOutputTest, IsSarif) {
  TestsReport report = sample_tests();
  report.tests[1].leaks[1].is_known = true;
  report.tests[1].leaks[1].remark = "known until 2030-01-31: ticket 7";

  std::string text = tests_sarif(report);
  const std::string_view version = kVersion;
  text.replace(text.find(version), version.size(), "VERSION");
  expect_golden_json("test.sarif", text);
}

TEST(TestsReportTest, FindsWhatIsNewAndWhatFails) {
  TestsReport report = sample_tests();
  EXPECT_TRUE(report.finds());
  EXPECT_TRUE(report.is_partial());

  report.not_run = 0;
  report.tests = {report.tests[1]};
  EXPECT_TRUE(report.finds());
  for (TestLeak& leak : report.tests[0].leaks) {
    leak.is_known = true;
  }
  EXPECT_FALSE(report.finds());
  EXPECT_FALSE(report.is_partial());
  report.tests[0].unlisted_groups = 1;
  EXPECT_TRUE(report.finds());
}

}  // namespace
}  // namespace xgops::cli
