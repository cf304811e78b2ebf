// SPDX-License-Identifier: MIT
// Whole commands, from exec to exit, beside the tools that they are compared to.
#include "process_runs.hpp"
#include "support/paths.hpp"

#include <benchmark/benchmark.h>

#include <filesystem>
#include <string>
#include <vector>

#include <stdlib.h>

namespace {

using xgops::bench::run_quietly;

void look_in(const std::filesystem::path& sockets) {
  ::setenv("XGOPS_DIR", sockets.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): one thread.
  ::unsetenv("DEBUGINFOD_URLS");              // NOLINT(concurrency-mt-unsafe)
}

void measure(benchmark::State& state, const std::vector<std::string>& arguments) {
  for (auto _ : state) {
    if (const int status = run_quietly(arguments); status != 0) {
      state.SkipWithError((arguments[0] + ": status " + std::to_string(status)).c_str());
      return;
    }
  }
}

/// What no program can undercut here.
void process_floor(benchmark::State& state) {
  measure(state, {"/bin/true"});
}
BENCHMARK(process_floor)->Name("process/true")->Unit(benchmark::kMillisecond)->UseRealTime();

void vitals(benchmark::State& state) {
  auto& target = xgops::bench::small_program();
  look_in(target.socket_directory());
  measure(state, {xgops::test::xgops_path(), "vitals", "-p", target.pid_text()});
}
BENCHMARK(vitals)->Name("process/xgops_vitals")->Unit(benchmark::kMillisecond)->UseRealTime();

void list_hundred(benchmark::State& state) {
  look_in(xgops::bench::hundred_agents());
  measure(state, {xgops::test::xgops_path(), "list"});
}
BENCHMARK(list_hundred)
    ->Name("process/xgops_list_100_agents")
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void stack_with_xgops(benchmark::State& state) {
  auto& target = xgops::bench::thousand_threads();
  look_in(target.socket_directory());
  measure(state, {xgops::test::xgops_path(), "stack", "-p", target.pid_text()});
}
BENCHMARK(stack_with_xgops)
    ->Name("stack_1000_threads/xgops")
    ->Unit(benchmark::kMillisecond)
    ->Iterations(5)
    ->UseRealTime();

void stack_without_groups(benchmark::State& state) {
  auto& target = xgops::bench::thousand_threads();
  look_in(target.socket_directory());
  measure(state, {xgops::test::xgops_path(), "stack", "--no-group", "-p", target.pid_text()});
}
BENCHMARK(stack_without_groups)
    ->Name("stack_1000_threads/xgops_no_group")
    ->Unit(benchmark::kMillisecond)
    ->Iterations(5)
    ->UseRealTime();

void stack_with_eu_stack(benchmark::State& state) {
  measure(state, {"eu-stack", "-p", xgops::bench::thousand_threads().pid_text()});
}
BENCHMARK(stack_with_eu_stack)
    ->Name("stack_1000_threads/eu_stack")
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->UseRealTime();

void stack_with_gdb(benchmark::State& state) {
  measure(state, {"gdb", "-nx", "-batch", "-p", xgops::bench::thousand_threads().pid_text(), "-ex",
                  "thread apply all bt"});
}
BENCHMARK(stack_with_gdb)
    ->Name("stack_1000_threads/gdb")
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->UseRealTime();

}  // namespace
