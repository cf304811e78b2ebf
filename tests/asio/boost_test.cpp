// SPDX-License-Identifier: MIT
// targets/boost_asio_kinds: the usual tasks of a program on Boost.Asio.
#include "support/paths.hpp"
#include "task_list.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace xgops::test {
namespace {

TEST(BoostAsioTest, EachTaskShowsWhatItWaitsForAndWhere) {
  if (!std::filesystem::exists(target_path("boost_asio_kinds"))) {
    GTEST_SKIP() << "needs Boost.Asio (Debian: libboost-dev)";
  }
  TargetProcess program = spawn_linked(target_path("boost_asio_kinds"), {});
  ASSERT_TRUE(program.wait_ready()) << program.log();
  const std::vector<ExpectedFrame> in_timer{{"wait_for_timer", 24}};
  const std::vector<ExpectedFrame> in_callee{{"wait_for_timer", 24}, {"result_after_timer", 28}};
  const std::string expected = text_of({{"timer", in_timer, 55},
                                        {"join", {{"join", 34}}, 56},
                                        {"timer", in_callee, 34},
                                        {"accept", {{"accept", 39}}, 57},
                                        {"socket receive", {{"receive", 48}}, 58},
                                        {"timer", in_callee, 60}});
  EXPECT_EQ(tasks_when_like(program, expected), expected);
}

}  // namespace
}  // namespace xgops::test
