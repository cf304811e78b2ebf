// SPDX-License-Identifier: MIT
// What the public class promises, whatever the files.
#include "xgops/symbolize/symbolizer.hpp"

#include "fixture.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <utility>

namespace xgops::symbolize::test {

namespace {

Module module_of(const std::string& fixture, std::uint64_t bias) {
  Module module;
  module.begin = bias;
  module.end = bias + 0x10000;
  module.bias = bias;
  module.path = fixture_path(fixture);
  module.build_id = build_id_of(fixture_path(fixture));
  return module;
}

/// Address in the file of a call that the fixture made.
std::uint64_t offset_of_call(const std::string& fixture, const std::string& call) {
  const RunningFixture running(fixture_path(fixture));
  return running.call(call).address - running.facts().main_module().bias;
}

}  // namespace

TEST(SymbolizerTest, GivesTheAddressItselfOutsideOfAllModules) {
  Symbolizer symbolizer(paths_only());

  for (const std::uint64_t address : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
    for (const bool exact : {false, true}) {
      const auto& symbols = symbolizer.symbolize(address, exact);
      ASSERT_EQ(symbols.size(), 1U);
      EXPECT_EQ(symbols[0].function, "");
      EXPECT_EQ(symbols[0].module, "");
      EXPECT_EQ(symbols[0].offset, address);
    }
  }
}

TEST(SymbolizerTest, GivesTheSameAnswerObjectAgain) {
  const auto offset = offset_of_call("gcc_dwarf5", "plain");
  Symbolizer symbolizer(paths_only());
  symbolizer.add_module(module_of("gcc_dwarf5", 0x10000000));
  const auto* first = &symbolizer.symbolize(0x10000000 + offset, false);

  for (std::uint64_t other = 0; other < 0x2000; ++other) {
    static_cast<void>(symbolizer.symbolize(0x10000000 + other, true));
  }
  Symbolizer moved = std::move(symbolizer);

  EXPECT_EQ(&moved.symbolize(0x10000000 + offset, false), first);
  EXPECT_EQ(first->back().function, "plain_function");
}

TEST(SymbolizerTest, SharesAnswersBetweenModulesOfOneFile) {
  const auto offset = offset_of_call("gcc_dwarf5", "plain");
  Symbolizer symbolizer(paths_only());
  symbolizer.add_module(module_of("gcc_dwarf5", 0x10000000));
  symbolizer.add_module(module_of("gcc_dwarf5", 0x20000000));

  EXPECT_EQ(&symbolizer.symbolize(0x10000000 + offset, false),
            &symbolizer.symbolize(0x20000000 + offset, false));
}

TEST(SymbolizerTest, TellsExactPointersFromReturnAddresses) {
  const auto offset = offset_of_call("gcc_dwarf5", "last_call");
  Symbolizer symbolizer(paths_only());
  symbolizer.add_module(module_of("gcc_dwarf5", 0x10000000));

  const auto& returned = symbolizer.symbolize(0x10000000 + offset, false);
  const auto& exact = symbolizer.symbolize(0x10000000 + offset, true);

  EXPECT_EQ(returned.back().function, "fixture::ends_with_call()");
  EXPECT_NE(exact.back().function, "fixture::ends_with_call()");
  EXPECT_EQ(returned.back().offset, offset);
  EXPECT_EQ(exact.back().offset, offset);
}

TEST(SymbolizerTest, KnowsAReturnAddressBehindTheEndOfItsModule) {
  Symbolizer symbolizer(paths_only());
  auto module = module_of("gcc_dwarf5", 0x10000000);
  const auto offset = offset_of_call("gcc_dwarf5", "plain");
  module.end = module.bias + offset;
  symbolizer.add_module(module);

  EXPECT_EQ(symbolizer.symbolize(module.end, false).back().function, "plain_function");
  EXPECT_EQ(symbolizer.symbolize(module.end, true).back().module, "");
}

TEST(SymbolizerTest, ForgetsAModuleWhereAnotherIsLoaded) {
  const auto offset = offset_of_call("gcc_dwarf4", "plain");
  Symbolizer symbolizer(paths_only());
  symbolizer.add_module(module_of("gcc_dwarf5", 0x10000000));
  EXPECT_EQ(symbolizer.symbolize(0x10000000 + offset, false).back().module, "gcc_dwarf5");

  symbolizer.add_module(module_of("gcc_dwarf4", 0x10000000));

  EXPECT_EQ(symbolizer.symbolize(0x10000000 + offset, false).back().module, "gcc_dwarf4");
  EXPECT_EQ(symbolizer.symbolize(0x10000000 + offset, false).back().function, "plain_function");
}

TEST(SymbolizerTest, LeavesOutInlinedCallsAndKeepsThePositionInTheRealFunction) {
  const RunningFixture running(fixture_path("gcc_dwarf5"));
  auto options = paths_only();
  options.inlines = false;
  Symbolizer symbolizer = running.symbolizer(options);

  const auto& call = running.call("inlined");
  const auto& symbols = symbolizer.symbolize(call.address, false);

  ASSERT_EQ(symbols.size(), 1U);
  EXPECT_EQ(symbols[0].function, "fixture::outer(long)");
  EXPECT_EQ(symbols[0].line, call.lines[2]);
  EXPECT_FALSE(symbols[0].inlined);
}

TEST(SymbolizerTest, LeavesOutLines) {
  const RunningFixture running(fixture_path("gcc_dwarf5"));
  auto options = paths_only();
  options.lines = false;
  Symbolizer symbolizer = running.symbolizer(options);

  const auto& symbols = symbolizer.symbolize(running.call("inlined").address, false);

  ASSERT_EQ(symbols.size(), 3U);
  EXPECT_EQ(symbols[0].function, "fixture::Meter::read(int) const");
  for (const auto& symbol : symbols) {
    EXPECT_EQ(symbol.file, "");
    EXPECT_EQ(symbol.line, 0U);
  }
}

TEST(SymbolizerTest, OpensNothingBeforeTheFirstAddress) {
  auto module = module_of("gcc_dwarf5", 0x10000000);
  module.path = "/nonexistent/program";
  module.build_id.clear();
  Symbolizer symbolizer(paths_only());
  symbolizer.add_module(module);

  EXPECT_TRUE(symbolizer.notes().empty());
  static_cast<void>(symbolizer.symbolize(0x10000000, true));
  EXPECT_EQ(symbolizer.notes().size(), 1U);
}

TEST(SymbolizerTest, SurvivesATargetThatIsGone) {
  auto options = paths_only();
  {
    const RunningFixture running(fixture_path("gcc_dwarf5"));
    options.pid = running.pid();
  }
  const auto offset = offset_of_call("gcc_dwarf5", "plain");
  Symbolizer symbolizer(options);
  symbolizer.add_module(module_of("gcc_dwarf5", 0x10000000));

  EXPECT_EQ(symbolizer.symbolize(0x10000000 + offset, false).back().function, "plain_function");
  EXPECT_EQ(symbolizer.symbolize(0x5000, true).back().function, "");
}

}  // namespace xgops::symbolize::test
