// SPDX-License-Identifier: MIT
#include "testing/baseline.hpp"

#include "cli/support/sample_tests.hpp"
#include "support/failure.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace xgops::cli {
namespace {

std::string file_with(const std::string& entry) {
  return R"({"schema": "xgops.baseline/1", "known": [)" + entry + "]}";
}

std::string entry_with(const std::string& members) {
  return R"({"fingerprint": "f", "reason": "r", "expires": "2030-01-31")" +
         (members.empty() ? "" : ", " + members) + "}";
}

std::string problem_of(const std::string& file) {
  const auto parsed = parse_baseline(file);
  return parsed ? "" : parsed.error().context;
}

KnownLeak known(const std::string& expires) {
  KnownLeak leak;
  leak.created_by = "bodies::*";
  leak.reason = "ticket 7";
  leak.expires = expires;
  return leak;
}

TEST(BaselineTest, IsRead) {
  const auto parsed = parse_baseline(file_with(entry_with(R"("created_by": "a*", "wait": "timer",
      "test": "Suite.*")")));

  ASSERT_TRUE(parsed) << parsed.error().context;
  ASSERT_EQ(parsed->size(), 1U);
  EXPECT_EQ(parsed->front().fingerprint, "f");
  EXPECT_EQ(parsed->front().created_by, "a*");
  EXPECT_EQ(parsed->front().wait, "timer");
  EXPECT_EQ(parsed->front().test, "Suite.*");
  EXPECT_EQ(parsed->front().reason, "r");
  EXPECT_EQ(parsed->front().expires, "2030-01-31");
}

TEST(BaselineTest, MustSayWhyAndUntilWhen) {
  EXPECT_NE(problem_of(file_with(R"({"fingerprint": "f", "expires": "2030-01-31"})")), "");
  EXPECT_NE(
      problem_of(file_with(R"({"fingerprint": "f", "reason": " ", "expires": "2030-01-31"})")), "");
  EXPECT_NE(problem_of(
                file_with(R"({"fingerprint": "f", "reason": "TODO: x", "expires": "2030-01-31"})")),
            "");
  EXPECT_NE(problem_of(file_with(R"({"fingerprint": "f", "reason": "r"})")), "");
  EXPECT_NE(
      problem_of(file_with(R"({"fingerprint": "f", "reason": "r", "expires": "2030-02-30"})")), "");
}

TEST(BaselineTest, MustSayWhichLeak) {
  EXPECT_NE(problem_of(file_with(R"({"wait": "timer", "reason": "r", "expires": "2030-01-31"})"))
                .find("fit any leak"),
            std::string::npos);
}

TEST(BaselineTest, RefusesWhatItDoesNotKnow) {
  EXPECT_NE(problem_of(file_with(entry_with(R"("tset": "a")"))).find("'tset'"), std::string::npos);
  EXPECT_NE(problem_of(file_with(entry_with(R"("test": 7)"))).find("'test'"), std::string::npos);
  EXPECT_NE(problem_of(file_with("7")), "");
  EXPECT_NE(problem_of("[]"), "");
  EXPECT_NE(problem_of("{}"), "");
  EXPECT_NE(problem_of(R"({"schema": "xgops.baseline/2", "known": []})"), "");
  EXPECT_NE(problem_of(R"({"schema": "xgops.baseline/1", "known": {}})"), "");
  EXPECT_NE(problem_of(std::string(kMaxBaselineBytes + 1, ' ')), "");
  EXPECT_NE(problem_of(std::string(100'000, '[')), "");
}

TEST(BaselineTest, MakesALeakKnownUntilTheLastDay) {
  TestsReport report = test::sample_tests();
  apply_baseline({known("2030-01-31")}, "2030-01-31", report);

  EXPECT_TRUE(report.tests[1].leaks[0].is_known);
  EXPECT_EQ(report.tests[1].leaks[0].remark, "known until 2030-01-31: ticket 7");
  EXPECT_FALSE(report.tests[1].leaks_anew());
  EXPECT_TRUE(report.baseline.empty());
}

TEST(BaselineTest, NoLongerHoldsOnceItHasExpired) {
  TestsReport report = test::sample_tests();
  apply_baseline({known("2030-01-30")}, "2030-01-31", report);

  EXPECT_FALSE(report.tests[1].leaks[0].is_known);
  EXPECT_TRUE(report.tests[1].leaks_anew());
  ASSERT_EQ(report.baseline.size(), 1U);
  EXPECT_EQ(report.baseline[0].find("expired on 2030-01-30"), 0U) << report.baseline[0];
}

TEST(BaselineTest, SaysWhichEntriesMatchedNothing) {
  for (const auto& [wait, of_test] : {std::pair{"timer", "Other.*"}, std::pair{"socket*", "*"}}) {
    KnownLeak leak = known("2030-01-31");
    leak.wait = wait;
    leak.test = of_test;
    TestsReport report = test::sample_tests();
    apply_baseline({leak}, "2030-01-31", report);

    EXPECT_TRUE(report.tests[1].leaks_anew());
    ASSERT_EQ(report.baseline.size(), 1U) << wait;
    EXPECT_NE(report.baseline[0].find("matched nothing"), std::string::npos);
  }
}

TEST(BaselineTest, IsWrittenSoThatReasonsHaveToBeGiven) {
  std::string file = baseline_for(test::sample_tests(), "2030-04-30");
  EXPECT_NE(problem_of(file).find("without a reason"), std::string::npos) << problem_of(file);

  for (std::size_t at = file.find("TODO"); at != std::string::npos; at = file.find("TODO")) {
    file.replace(at, 4, "Because");
  }
  const auto parsed = parse_baseline(file);
  ASSERT_TRUE(parsed) << parsed.error().context;
  TestsReport report = test::sample_tests();
  apply_baseline(*parsed, "2030-01-31", report);
  for (const TestResult& one : report.tests) {
    EXPECT_FALSE(one.leaks_anew()) << one.name;
  }
  EXPECT_TRUE(report.baseline.empty());
}

TEST(DayTest, ExistsInTheCalendar) {
  EXPECT_TRUE(is_day("2028-02-29"));
  for (const char* const text : {"2027-02-29", "2027-13-01", "2027-1-1", "2027-01-01 ", "",
                                 "2027/01/01", "-027-01-01", "2027-01-0x"}) {
    EXPECT_FALSE(is_day(text)) << text;
  }
  EXPECT_EQ(day_of(std::chrono::system_clock::time_point(std::chrono::hours(24 * 365))),
            "1971-01-01");
}

TEST(PatternTest, KnowsStarsAndQuestionMarks) {
  EXPECT_TRUE(matches_pattern("a*c?", "abbcd"));
  EXPECT_TRUE(matches_pattern("*", ""));
  EXPECT_TRUE(matches_pattern("f(char*)", "f(char*)"));
  EXPECT_FALSE(matches_pattern("a?", "a"));
  EXPECT_FALSE(matches_pattern("a", "ab"));
}

}  // namespace
}  // namespace xgops::cli
