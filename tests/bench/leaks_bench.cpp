// SPDX-License-Identifier: MIT
// What a leak check costs: when nothing leaks, beside how many tasks of others; when there are
// leaks.
#include "xgops/leak_check.hpp"
#include "xgops/tasks.hpp"

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using xgops::Job;
using xgops::LeakCheck;
using xgops::LeakOptions;
using xgops::LeakReport;

/// A check in which a task is made and ends, beside `range` tasks that others keep alive.
void clean_check(benchmark::State& state) {
  const std::vector<Job> others(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    LeakCheck check;
    const LeakReport report = check.verify();
    if (!report) {
      state.SkipWithError("found a leak where there is none");
    }
  }
}
BENCHMARK(clean_check)->Name("leaks/clean")->Arg(0)->Arg(1000)->Arg(10'000)->Arg(100'000);

void clean_check_with_task(benchmark::State& state) {
  for (auto _ : state) {
    LeakCheck check;
    { const Job job; }
    benchmark::DoNotOptimize(check.verify());
  }
}
BENCHMARK(clean_check_with_task)->Name("leaks/clean_after_a_task");

/// From the leak to the report's text. The deadline is as short as can be: what is measured is
/// looking, not waiting.
void failing_check(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    LeakCheck check;
    const std::vector<Job> leaked(count);
    const auto begin = std::chrono::steady_clock::now();
    const LeakReport report = check.verify(LeakOptions().within(std::chrono::nanoseconds(0)));
    const std::string text = report.text();
    const auto end = std::chrono::steady_clock::now();
    state.SetIterationTime(std::chrono::duration<double>(end - begin).count());
    if (report.tasks != count || text.empty()) {
      state.SkipWithError("did not find all leaks");
    }
  }
}
BENCHMARK(failing_check)
    ->Name("leaks/failing")
    ->Arg(1)
    ->Arg(1000)
    ->Arg(10'000)
    ->Arg(100'000)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
