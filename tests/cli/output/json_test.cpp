// SPDX-License-Identifier: MIT
// Reports as JSON. That the goldens fit the shipped schemas, schema_test.py checks.
#include "output/json.hpp"

#include "cli/support/golden.hpp"
#include "cli/support/sample_reports.hpp"
#include "support/failure.hpp"

#include <gtest/gtest.h>

#include <string>

namespace xgops::cli {
namespace {

using test::expect_golden_json;

TEST(JsonTest, RendersAList) {
  expect_golden_json("list.json", list_json(test::sample_list()));
}

TEST(JsonTest, RendersVitalsWithChanges) {
  VitalsReport report = test::sample_vitals();
  report.before = report.now;
  report.before->os_threads = 20;
  report.before->uptime_ns -= 1'000'000'000;

  expect_golden_json("vitals.json", vitals_json(report));
}

TEST(JsonTest, RendersThreads) {
  expect_golden_json("threads.json", threads_json(test::sample_threads()));
}

TEST(JsonTest, RendersStacks) {
  expect_golden_json("stack.json", stack_json(test::sample_stack()));
}

TEST(JsonTest, RendersErrors) {
  expect_golden_json("error.json", error_json(failure(Failure::kNoAgent, "no xgops agent in 4711",
                                                      "start it with `xgops run`")));
}

TEST(JsonTest, IsOneLineOfAsciiWhateverTheNamesAre) {
  for (const std::string& text :
       {list_json(test::sample_list()), stack_json(test::sample_stack())}) {
    EXPECT_EQ(text.find('\n'), text.size() - 1);
    for (const char c : text) {
      EXPECT_TRUE((c >= 0x20 && c < 0x7f) || c == '\n') << static_cast<int>(c);
    }
  }
}

}  // namespace
}  // namespace xgops::cli
