// SPDX-License-Identifier: MIT
#include "findings/stack_samples.hpp"

#include <gtest/gtest.h>

namespace xgops::cli {
namespace {

TEST(StackSamplesTest, CountsDifferentStacksAndNamesWhatTheyShare) {
  const std::vector<SampledStack> samples{
      {{1, 2, 3}, {"main", "run", "hash"}},
      {{1, 2, 4}, {"main", "run", "hash"}},
      {{1, 5}, {"main", "run", "compare", "less"}},
  };

  const SampleSummary summary = summarize(samples);

  EXPECT_EQ(summary.samples, 3U);
  EXPECT_EQ(summary.distinct, 3U);
  EXPECT_EQ(summary.within, "run");
}

TEST(StackSamplesTest, AreOneStackWhenNothingChanges) {
  const SampledStack same{{1, 2}, {"main", "spin"}};

  const SampleSummary summary = summarize({same, same, same});

  EXPECT_EQ(summary.distinct, 1U);
  EXPECT_EQ(summary.within, "spin");
}

TEST(StackSamplesTest, ShareNothingWithoutNames) {
  EXPECT_EQ(summarize({{{1}, {""}}, {{2}, {""}}}).within, "");
  EXPECT_EQ(summarize({{{1}, {"main"}}, {{2}, {}}}).within, "");
  EXPECT_EQ(summarize({}).samples, 0U);
}

TEST(StackSamplesTest, KeepInlinedFunctionsInTheOrderOfTheirCalls) {
  StackTable table;
  symbolize::Symbol inner;
  inner.function = "inlined";
  symbolize::Symbol outer;
  outer.function = "caller";
  symbolize::Symbol root;
  root.function = "main";
  table.locations = {{inner, outer}, {root}};
  const ReportStack stack{false, {{7, 0, false}, {9, 1, false}}};

  const SampledStack sample = sampled(table, stack);

  EXPECT_EQ(sample.functions, (std::vector<std::string>{"main", "caller", "inlined"}));
  EXPECT_EQ(sample.pointers, (std::vector<std::uint64_t>{9, 7}));
}

}  // namespace
}  // namespace xgops::cli
