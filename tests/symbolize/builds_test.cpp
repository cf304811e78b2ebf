// SPDX-License-Identifier: MIT
// One program in many builds: the same calls must get the same names and lines in each.
#include "addr2line.hpp"
#include "fixture.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace xgops::symbolize::test {

namespace {

struct Build {
  std::string name;
  bool debug_information = true;
  bool entries = true;    ///< Its debugging information entries are in the file, not only lines.
  bool addr2line = true;  ///< binutils 2.40 understands it.
  bool inlines_hidden = true;  ///< Unoptimized or not, `hidden` is always inlined.
};

std::ostream& operator<<(std::ostream& stream, const Build& build) {
  return stream << build.name;
}

class BuildsTest : public testing::TestWithParam<Build> {
 protected:
  void SetUp() override {
    if (!has_fixture(GetParam().name)) {
      GTEST_SKIP() << "not built: its compiler or tool is not installed";
    }
  }
};

std::string at(const std::string& function, std::uint32_t line) {
  return function + " at calls.cpp:" + std::to_string(line);
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_P(BuildsTest, NamesInlinedCallsWithTheLineOfEachCall) {
  if (!GetParam().entries) {
    GTEST_SKIP() << "its inlined calls are in another file";
  }
  const RunningFixture fixture(fixture_path(GetParam().name));
  Symbolizer symbolizer = fixture.symbolizer(paths_only());

  const auto& call = fixture.call("inlined");
  const auto& symbols = symbolizer.symbolize(call.address, false);

  EXPECT_EQ(described(symbols), (Lines{at("fixture::Meter::read(int) const", call.lines[0]),
                                       at("fixture::scaled<long>(long)", call.lines[1]),
                                       at("fixture::outer(long)", call.lines[2])}));
  ASSERT_EQ(symbols.size(), 3U);
  EXPECT_TRUE(symbols[0].inlined);
  EXPECT_TRUE(symbols[1].inlined);
  EXPECT_FALSE(symbols[2].inlined);
  EXPECT_EQ(symbols[0].module, GetParam().name);
  EXPECT_EQ(symbols[0].offset, call.address - fixture.facts().main_module().bias);
  EXPECT_TRUE(symbolizer.notes().empty()) << symbolizer.notes().front();
}

TEST_P(BuildsTest, QualifiesAnInlinedFunctionThatHasNoLinkageName) {
  if (!GetParam().entries) {
    GTEST_SKIP() << "its inlined calls are in another file";
  }
  const RunningFixture fixture(fixture_path(GetParam().name));
  Symbolizer symbolizer = fixture.symbolizer(paths_only());

  const auto& call = fixture.call("hidden");
  const auto lines = described(symbolizer.symbolize(call.address, false));

  ASSERT_EQ(lines.size(), 2U);
  // clang writes a linkage name for it, with parameters; GCC writes none.
  EXPECT_EQ(lines[0].substr(0, 29), "(anonymous namespace)::hidden") << lines[0];
  EXPECT_EQ(lines[0].substr(lines[0].rfind(" at ")), at("", call.lines[0]));
  EXPECT_EQ(lines[1], at("fixture::calls_hidden(int)", call.lines[1]));
}

TEST_P(BuildsTest, NamesLambdasAndMembersOfLocalClasses) {
  const RunningFixture fixture(fixture_path(GetParam().name));
  Symbolizer symbolizer = fixture.symbolizer(paths_only());

  const auto& lambda = fixture.call("lambda");
  const auto in_lambda = described(symbolizer.symbolize(lambda.address, false));
  const auto& local = fixture.call("local_class");
  const auto in_local = described(symbolizer.symbolize(local.address, false));

  ASSERT_EQ(in_lambda.size(), 1U);
  const bool clang = GetParam().name.rfind("clang", 0) == 0;
  EXPECT_EQ(in_lambda[0],
            at(clang ? "fixture::calls_lambda(int)::$_0::operator()(int) const"
                     : "fixture::calls_lambda(int)::{lambda(int)#1}::operator()(int) const",
               lambda.lines[0]));
  EXPECT_EQ(in_local,
            (Lines{at("fixture::calls_local_class(int)::Local::run(int) const", local.lines[0])}));
}

TEST_P(BuildsTest, LooksUpAReturnAddressInsideItsCall) {
  const RunningFixture fixture(fixture_path(GetParam().name));
  Symbolizer symbolizer = fixture.symbolizer(paths_only());

  const auto& call = fixture.call("last_call");

  EXPECT_EQ(described(symbolizer.symbolize(call.address, false)),
            (Lines{at("fixture::ends_with_call()", call.lines[0])}));
}

TEST_P(BuildsTest, NamesTheColdPartOfAFunctionLikeTheFunction) {
  const RunningFixture fixture(fixture_path(GetParam().name));
  Symbolizer symbolizer = fixture.symbolizer(paths_only());

  const auto& call = fixture.call("cold");

  EXPECT_EQ(described(symbolizer.symbolize(call.address, false)),
            (Lines{at("fixture::mostly_warm(int)", call.lines[0])}));
}

TEST_P(BuildsTest, NamesFunctionsOfC) {
  const RunningFixture fixture(fixture_path(GetParam().name));
  Symbolizer symbolizer = fixture.symbolizer(paths_only());

  const auto& call = fixture.call("plain");

  EXPECT_EQ(described(symbolizer.symbolize(call.address, false)),
            (Lines{at("plain_function", call.lines[0])}));
}

TEST_P(BuildsTest, AgreesWithAddr2lineOnEveryInstructionOfTheFixture) {
  if (!GetParam().addr2line) {
    GTEST_SKIP() << "addr2line of binutils 2.40 misreads this build";
  }
  const auto path = fixture_path(GetParam().name);
  const auto addresses = function_addresses(path, "fixture");
  ASSERT_GT(addresses.size(), 100U);
  Symbolizer symbolizer(paths_only());
  Module module;
  module.begin = 1;
  module.end = ~std::uint64_t{0};
  module.path = path;
  symbolizer.add_module(module);

  const auto theirs = addr2line(path, addresses);

  for (const auto address : addresses) {
    auto ours = symbolizer.symbolize(address, true);
    if (theirs.at(address).front().function.empty()) {
      ours.front().function.clear();
    }
    EXPECT_EQ(comparable(ours), comparable(theirs.at(address))) << std::hex << address;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Symbolize, BuildsTest,
    testing::Values(Build{"gcc_dwarf5"}, Build{"gcc_dwarf4"},
                    Build{.name = "gcc_dwarf64", .addr2line = false}, Build{"gcc_unoptimized"},
                    Build{"gcc_fixed_address"}, Build{"gcc_static"}, Build{"gcc_static_pie"},
                    Build{"gcc_compressed"}, Build{"gcc_compressed_gnu"}, Build{"gcc_type_units"},
                    Build{.name = "gcc_lto", .addr2line = false}, Build{"gcc_dropped_sections"},
                    Build{"gcc_no_build_id"}, Build{"dwz_first"}, Build{"clang_dwarf4"},
                    Build{.name = "clang_dwarf5", .addr2line = false},
                    Build{.name = "gcc_split", .entries = false, .addr2line = false}),
    [](const testing::TestParamInfo<Build>& parameter) { return parameter.param.name; });

}  // namespace xgops::symbolize::test
