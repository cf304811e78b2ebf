// SPDX-License-Identifier: MIT
#include "output/frame_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace xgops::cli {
namespace {

StackTable table_of(const std::vector<std::string>& functions) {
  StackTable table;
  for (const std::string& function : functions) {
    symbolize::Symbol symbol;
    symbol.function = function;
    symbol.file = function + ".cpp";
    symbol.line = 7;
    table.locations.push_back({symbol});
  }
  return table;
}

ReportStack stack_of(const std::vector<std::uint32_t>& locations) {
  ReportStack stack;
  for (const std::uint32_t location : locations) {
    stack.frames.push_back({location, location, false});
  }
  return stack;
}

TEST(FrameTextTest, CountsWhatRecursionRepeats) {
  const StackTable table = table_of({"leaf", "recurse", "main"});
  const FrameText text(table, Style(false));

  EXPECT_EQ(text.lines_of(stack_of({0, 1, 1, 1, 1, 1, 2})),
            "  leaf\n      leaf.cpp:7\n"
            "  recurse\n      recurse.cpp:7\n"
            "  (the same 4 more times)\n"
            "  main\n      main.cpp:7\n");
}

TEST(FrameTextTest, PrintsAFewEqualFrames) {
  const StackTable table = table_of({"recurse", "main"});
  const FrameText text(table, Style(false));

  const std::string recurse = "  recurse\n      recurse.cpp:7\n";
  EXPECT_EQ(text.lines_of(stack_of({0, 0, 0, 1})),
            recurse + recurse + recurse + "  main\n      main.cpp:7\n");
}

TEST(FrameTextTest, KeepsInferredFramesApart) {
  const StackTable table = table_of({"recurse"});
  const FrameText text(table, Style(false));
  ReportStack stack = stack_of({0, 0, 0, 0, 0, 0, 0, 0});
  for (std::size_t i = 4; i < 8; ++i) {
    stack.frames[i].inferred = true;
  }

  EXPECT_EQ(text.lines_of(stack),
            "  recurse\n      recurse.cpp:7\n  (the same 3 more times)\n"
            "  recurse [inferred]\n      recurse.cpp:7\n  (the same 3 more times)\n");
}

}  // namespace
}  // namespace xgops::cli
