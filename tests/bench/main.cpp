// SPDX-License-Identifier: MIT
// Runs the benchmarks in random order several times over, and prints the ratios that matter.
#include "process_runs.hpp"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// Two benchmarks of one run: how many times faster the second is.
struct Ratio {
  const char* slower;
  const char* faster;
  const char* meaning;
};

constexpr Ratio kRatios[]{
    {"stack_1000_threads/eu_stack", "stack_1000_threads/xgops", "eu-stack against xgops stack"},
    {"stack_1000_threads/gdb", "stack_1000_threads/xgops", "gdb against xgops stack"},
    {"asio_tasks/spawn_plain", "asio_tasks/spawn_tracked",
     "co_spawn to its end, plain against tracked"},
    {"asio_tasks/call_plain", "asio_tasks/call_tracked", "co_await of a coroutine, the same"},
    {"asio_tasks/post_plain", "asio_tasks/post_tracked", "suspend and resume (post), the same"},
    {"asio_tasks/park_plain", "asio_tasks/park_tracked",
     "a million tasks spawned and parked, the same"},
    {"redis_requests/undisturbed", "redis_requests/raw_dumps",
     "time for the same requests, without against with 10 dumps a second"},
    {"redis_requests/undisturbed", "redis_requests/xgops_stack",
     "the same, with `xgops stack` 10 times a second"},
};

/// Prints as usual and remembers the medians.
class RatioReporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.run_type == Run::RT_Aggregate && run.aggregate_name == "median" &&
          !run.error_occurred) {
        medians_[run.run_name.function_name] = run.GetAdjustedRealTime();
      }
    }
  }

  void print_ratios() const {
    for (const Ratio& ratio : kRatios) {
      const auto slower = medians_.find(ratio.slower);
      const auto faster = medians_.find(ratio.faster);
      if (slower != medians_.end() && faster != medians_.end() && faster->second > 0) {
        std::printf("%8.3f x  %s\n", slower->second / faster->second, ratio.meaning);
      }
    }
  }

 private:
  std::map<std::string, double> medians_;
};

}  // namespace

int main(int argc, char** argv) {
  // Interleaved, so that a busy moment of the machine does not hit one side only.
  std::string repetitions = "--benchmark_repetitions=5";
  std::string interleaving = "--benchmark_enable_random_interleaving=true";
  std::string aggregates = "--benchmark_display_aggregates_only=true";
  std::vector<char*> arguments{argv[0], repetitions.data(), interleaving.data(), aggregates.data()};
  arguments.insert(arguments.end(), argv + 1, argv + argc);
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) {
    return 1;
  }
  RatioReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  benchmark::Shutdown();
  xgops::bench::end_targets();
  reporter.print_ratios();
  return 0;
}
