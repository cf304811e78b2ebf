// SPDX-License-Identifier: MIT
#include "testing/frameworks.hpp"

#include "cli/support/run_cli.hpp"
#include "support/failure.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

namespace xgops::cli {
namespace {

using Words = std::vector<std::string>;

TEST(GoogleTestListTest, JoinsSuitesAndTests) {
  const std::string output =
      "Running main() from gtest_main.cc\n"
      "SuiteTest.\n"
      "  Opens\n"
      "  Closes\n"
      "Typed/0.  # TypeParam = std::vector<int>\n"
      "  Works\n"
      "All/PortTest.\n"
      "  Opens/0  # GetParam() = \"a, b\"\n";

  EXPECT_EQ(
      parse_test_list(Framework::kGoogleTest, output, {}),
      (Words{"SuiteTest.Opens", "SuiteTest.Closes", "Typed/0.Works", "All/PortTest.Opens/0"}));
}

TEST(GoogleTestListTest, LeavesOutDisabledTestsUnlessTheyWouldRun) {
  const std::string output =
      "Suite.\n  DISABLED_A\n  B\nDISABLED_Suite.\n  C\nAll/DISABLED_Suite.\n  D/0\n";

  EXPECT_EQ(parse_test_list(Framework::kGoogleTest, output, {}), Words{"Suite.B"});
  EXPECT_EQ(
      parse_test_list(Framework::kGoogleTest, output, {"--gtest_also_run_disabled_tests"}).size(),
      4U);
  EXPECT_EQ(parse_test_list(Framework::kGoogleTest, output, {}, "1").size(), 4U);
  EXPECT_EQ(parse_test_list(Framework::kGoogleTest, output, {}, "0").size(), 1U);
  EXPECT_EQ(
      parse_test_list(Framework::kGoogleTest, output, {"--gtest_also_run_disabled_tests=0"}, "1")
          .size(),
      1U);
}

TEST(GoogleTestListTest, PassesOverWhatTheProgramSaysItself) {
  const std::string output =
      "  indented without a suite\nconnecting to a.b.c.\n  please wait\nSuite.\n  A\ndone\n  B\n";

  EXPECT_EQ(parse_test_list(Framework::kGoogleTest, output, {}), Words{"Suite.A"});
}

TEST(Catch2ListTest, HasANameALine) {
  EXPECT_EQ(parse_test_list(Framework::kCatch2, "a, b\n\"#c\"\n\"d\"\n~e\r\na, b\n\n", {}),
            (Words{"a, b", "#c", "\"d\"", "~e"}));
}

TEST(DoctestListTest, HasNamesBetweenRules) {
  const std::string rule(79, '=');
  const std::string output = "hello\n" + rule + "\n[doctest] listing all test case names\n" + rule +
                             "\na\n  b  \n==\n" + rule +
                             "\n[doctest] unskipped test cases passing the current filters: 3\n";

  EXPECT_EQ(parse_test_list(Framework::kDoctest, output, {}), (Words{"a", "  b  ", "=="}));
}

TEST(ArgumentsTest, ChooseOneTestOfGoogleTest) {
  EXPECT_EQ(arguments_for(Framework::kGoogleTest, {"--gtest_filter=S*", "x"}, "S.A/b-c"),
            (Words{"--gtest_filter=S*", "x", "--gtest_filter=S.A/b?c"}));
}

TEST(ArgumentsTest, ChooseOneTestOfCatch2InsteadOfOthers) {
  const Words given{"a*", "-r", "compact", "[tag]", "-s", "-f", "names", "--order", "rand"};

  EXPECT_EQ(arguments_for(Framework::kCatch2, given, "~a, [b] \"c\" \\*"),
            (Words{"-r", "compact", "-s", "--order", "rand", "\\~a\\, \\[b\\] \\\"c\\\" \\\\*"}));
  EXPECT_EQ(arguments_for(Framework::kCatch2, {}, "-x"), Words{"\\-x"});
  EXPECT_EQ(arguments_for(Framework::kCatch2, {}, "exclude:x"), Words{"\\exclude:x"});
}

TEST(ArgumentsTest, ChooseOneTestOfDoctestInsteadOfOthers) {
  const Words given{"-tc=a", "--test-case=b", "--dt-tc=c", "-ts=suite", "--no-skip"};

  EXPECT_EQ(arguments_for(Framework::kDoctest, given, "a, *\\?"),
            (Words{"-ts=suite", "--no-skip", "--case-sensitive=true", "--test-case=a? ???"}));
}

TEST(ListArgumentsTest, KeepTheFiltersThatWereGiven) {
  EXPECT_EQ(list_arguments(Framework::kGoogleTest, {"--gtest_filter=A*"}, false),
            (Words{"--gtest_filter=A*", "--gtest_list_tests"}));
  EXPECT_EQ(list_arguments(Framework::kCatch2, {"-r", "xml"}, false),
            (Words{"~[.]", "--list-test-names-only"}));
  EXPECT_EQ(list_arguments(Framework::kCatch2,
                           {"--reporter=xml", "-o", "file", "a*", "-d", "yes", "-v", "high", "-s"},
                           false),
            (Words{"a*", "-s", "--list-test-names-only"}));
  EXPECT_EQ(list_arguments(Framework::kCatch2, {"[slow]"}, true),
            (Words{"[slow]", "--list-tests", "--verbosity", "quiet"}));
}

TEST(ListArgumentsTest, AreOthersForCatch2SinceVersion3) {
  const std::string refusal =
      "Error(s) in input:\n  Unrecognised token: --list-test-names-only\n\nRun with -? for usage\n";

  EXPECT_TRUE(wants_other_list_option(Framework::kCatch2, refusal));
  EXPECT_FALSE(wants_other_list_option(Framework::kCatch2, "list-test-names-only works\n"));
  EXPECT_FALSE(wants_other_list_option(Framework::kDoctest, refusal));
}

TEST(FrameworkMarksTest, AreFoundAcrossPieces) {
  FrameworkMarks marks;
  marks.add("....gtest_list");
  marks.add("_tests....");

  EXPECT_EQ(marks.found(), std::vector{Framework::kGoogleTest});
}

TEST(FrameworkOfTest, IsNotGuessed) {
  const test::TempDir directory;
  const std::string path = (directory.path() / "program").string();
  std::ofstream(path) << "\x7f"
                         "ELF nothing";
  const auto none = framework_of(path);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Failure::kProgram);
  EXPECT_NE(none.error().hint.find("--framework"), std::string::npos);

  std::ofstream(path, std::ios::app) << "gtest_list_tests";
  const auto one = framework_of(path);
  ASSERT_TRUE(one);
  EXPECT_EQ(*one, Framework::kGoogleTest);

  std::ofstream(path, std::ios::app) << "list-test-names-only";
  EXPECT_FALSE(framework_of(path));
  EXPECT_FALSE(framework_of(path + "-that-is-not-there"));
}

}  // namespace
}  // namespace xgops::cli
