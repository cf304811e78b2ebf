// SPDX-License-Identifier: MIT
// What one thread does over time, as some looks at its stack tell.
#pragma once

#include "report/stack_table.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace xgops::cli {

/// One stack, outermost function first, inlined ones among them. Contains untrusted text.
struct SampledStack {
  std::vector<std::uint64_t> pointers;
  std::vector<std::string> functions;
};

/// By thread id.
using StackSamples = std::map<std::int32_t, std::vector<SampledStack>>;

[[nodiscard]] SampledStack sampled(const StackTable& table, const ReportStack& stack);

struct SampleSummary {
  std::size_t samples = 0;
  std::size_t distinct = 0;
  std::string within;  ///< The innermost function that all of them are in; empty: none is known.
};
/// Cost: linear in frames.
[[nodiscard]] SampleSummary summarize(const std::vector<SampledStack>& samples);

}  // namespace xgops::cli
