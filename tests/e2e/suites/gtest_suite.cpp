// SPDX-License-Identifier: MIT
#include "bodies.hpp"

#include <gtest/gtest.h>

#include <string>

TEST(SuiteTest, JoinsItsThread) {
  bodies::join_a_thread();
}
TEST(SuiteTest, ForgetsAThread) {
  bodies::forget_a_thread();
}
TEST(SuiteTest, FinishesItsTask) {
  bodies::finish_a_task();
}
TEST(SuiteTest, ForgetsATask) {
  bodies::forget_a_task();
}
TEST(SuiteTest, Forks) {
  EXPECT_TRUE(bodies::fork_and_exit());
  EXPECT_EXIT(std::exit(3), testing::ExitedWithCode(3), "");
}
TEST(SuiteTest, IsSkipped) {
  GTEST_SKIP() << "not today";
}
TEST(SuiteTest, DISABLED_Never) {
  bodies::crash();
}
// Others run only where they are asked for, as they end the program.
TEST(BadTest, Fails) {
  EXPECT_EQ(1, 2) << "as it must";
}
TEST(BadTest, Crashes) {
  bodies::crash();
}
TEST(BadTest, Leaves) {
  ::_exit(0);
}
TEST(HangTest, Hangs) {
  bodies::hang();
}

class PortTest : public testing::TestWithParam<std::string> {};
TEST_P(PortTest, Opens) {
  EXPECT_FALSE(GetParam().empty());
}
INSTANTIATE_TEST_SUITE_P(All, PortTest, testing::Values("a, b", "* [c]"));
