// SPDX-License-Identifier: MIT
// What the rest of a process feels: the longest gap of a thread that reads the clock without rest,
// while 1000 others are dumped, and in a window of the same length without a dump beside it.
#include "agent_client.hpp"
#include "process_runs.hpp"
#include "support/paths.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include <poll.h>

namespace {

using Clock = std::chrono::steady_clock;
using xgops::test::TargetProcess;

TargetProcess start_with_spinner() {
  xgops::test::TargetOptions options;
  options.arguments = {"1000", "spin"};
  auto target = TargetProcess::spawn("many_threads", options);
  if (!target.wait_ready()) {
    throw std::runtime_error("a target did not get ready\n" + target.log());
  }
  return target;
}

double take_longest_gap_us(TargetProcess& target) {
  return std::stod(target.ask("gap").value_or("-1")) / 1000.0;
}

/// Each iteration is one dump and one pause of the same length; the counters are the longest gaps
/// in either half and the difference per dump.
template <class Dump>
void compare_windows(benchmark::State& state, Dump dump) {
  auto target = start_with_spinner();
  double with_dumps_us = 0;
  double control_us = 0;
  int over_a_millisecond = 0;
  int control_over_a_millisecond = 0;
  for (auto _ : state) {
    take_longest_gap_us(target);
    const auto begin = Clock::now();
    dump(target);
    const auto length = Clock::now() - begin;
    const double gap_us = take_longest_gap_us(target);
    with_dumps_us = std::max(with_dumps_us, gap_us);
    over_a_millisecond += gap_us > 1000 ? 1 : 0;
    take_longest_gap_us(target);
    ::poll(nullptr, 0,
           static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(length).count()));
    const double idle_us = take_longest_gap_us(target);
    control_us = std::max(control_us, idle_us);
    control_over_a_millisecond += idle_us > 1000 ? 1 : 0;
    state.SetIterationTime(std::chrono::duration<double>(length).count());
  }
  state.counters["longest_us"] = with_dumps_us;
  state.counters["control_us"] = control_us;
  state.counters["over_1ms"] = over_a_millisecond;
  state.counters["control_over_1ms"] = control_over_a_millisecond;
}

void raw_dumps(benchmark::State& state) {
  compare_windows(state, [](TargetProcess& target) {
    xgops::bench::AgentClient client(xgops::bench::only_socket(target.socket_directory()));
    client.ask<xgops::protocol::Stacks>({});
  });
}
BENCHMARK(raw_dumps)
    ->Name("stop_1000_threads/raw_dump")
    ->Unit(benchmark::kMillisecond)
    ->Iterations(50)
    ->UseManualTime();

void whole_commands(benchmark::State& state) {
  compare_windows(state, [](TargetProcess& target) {
    (void)target.xgops({"stack", "-p", target.pid_text()});
  });
}
BENCHMARK(whole_commands)
    ->Name("stop_1000_threads/xgops_stack")
    ->Unit(benchmark::kMillisecond)
    ->Iterations(50)
    ->UseManualTime();

void eu_stack(benchmark::State& state) {
  compare_windows(state, [](TargetProcess& target) {
    xgops::bench::run_quietly({"eu-stack", "-p", target.pid_text()});
  });
}
BENCHMARK(eu_stack)
    ->Name("stop_1000_threads/eu_stack")
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->UseManualTime();

void gdb(benchmark::State& state) {
  compare_windows(state, [](TargetProcess& target) {
    xgops::bench::run_quietly(
        {"gdb", "-nx", "-batch", "-p", target.pid_text(), "-ex", "thread apply all bt"});
  });
}
BENCHMARK(gdb)
    ->Name("stop_1000_threads/gdb")
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->UseManualTime();

}  // namespace
