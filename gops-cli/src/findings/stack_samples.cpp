// SPDX-License-Identifier: MIT
#include "findings/stack_samples.hpp"

#include <set>

namespace xgops::cli {

SampledStack sampled(const StackTable& table, const ReportStack& stack) {
  SampledStack sample;
  for (auto frame = stack.frames.rbegin(); frame != stack.frames.rend(); ++frame) {
    sample.pointers.push_back(frame->instruction_pointer);
    const auto& symbols = table.locations[frame->location];
    for (auto symbol = symbols.rbegin(); symbol != symbols.rend(); ++symbol) {
      sample.functions.push_back(symbol->function);
    }
  }
  return sample;
}

SampleSummary summarize(const std::vector<SampledStack>& samples) {
  SampleSummary summary;
  summary.samples = samples.size();
  std::set<std::vector<std::uint64_t>> distinct;
  for (const SampledStack& sample : samples) {
    distinct.insert(sample.pointers);
  }
  summary.distinct = distinct.size();
  if (samples.empty()) {
    return summary;
  }
  const std::vector<std::string>& first = samples.front().functions;
  for (std::size_t i = 0; i < first.size(); ++i) {
    for (const SampledStack& other : samples) {
      if (i >= other.functions.size() || other.functions[i] != first[i]) {
        return summary;
      }
    }
    if (!first[i].empty()) {
      summary.within = first[i];
    }
  }
  return summary;
}

}  // namespace xgops::cli
