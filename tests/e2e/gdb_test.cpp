// SPDX-License-Identifier: MIT
// Frame by frame against gdb, on one program in the dialects of two compilers.
#include "e2e.hpp"
#include "gdb_comparison.hpp"

#include <filesystem>

namespace xgops::test {
namespace {

class DialectTest : public testing::TestWithParam<const char*> {};

TEST_P(DialectTest, HasTheFramesThatGdbSees) {
  XGOPS_REQUIRE_PROGRAM("gdb");
  XGOPS_REQUIRE_PROGRAM("python3");
  const std::string program = std::string("mixed-") + GetParam();
  if (!std::filesystem::exists(target_path(program))) {
    GTEST_SKIP() << program << " was not built: needs Asio, and clang++ for its dialects";
  }
  auto target = TargetProcess::spawn(program);
  ASSERT_TRUE(target.wait_ready()) << target.log();

  const auto comparison = compare_with_gdb(target, 3);

  ASSERT_TRUE(comparison.document.is_object()) << describe(comparison.command);
  EXPECT_EQ(comparison.document["missing"], Json::array());
  EXPECT_GE(comparison.document["compared"], target.facts().size());
  EXPECT_GE(comparison.document["frames"], 200);
  EXPECT_EQ(comparison.document["differences"], Json::array())
      << comparison.document["differences"].dump(1);
}

INSTANTIATE_TEST_SUITE_P(Dialects, DialectTest,
                         testing::Values("O0", "Og", "O2", "O3", "Os", "fp", "clang-O0", "clang-O2",
                                         "clang-fp"),
                         [](const auto& parameter) {
                           std::string name = parameter.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace xgops::test
