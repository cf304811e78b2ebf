// SPDX-License-Identifier: MIT
// What the rest of a process feels: the longest gap of a thread that reads the clock without rest,
// while 1000 others are dumped; and the same while an equal process is dumped instead, which takes
// as much of the machine's time.
#include "agent_client.hpp"
#include "process_runs.hpp"
#include "support/paths.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

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

/// Each iteration is one dump of the process with the spinner and one of its equal; the counters
/// are the spinner's longest gap in either half, and in how many it was longer than a millisecond.
template <class Dump>
void compare_windows(benchmark::State& state, Dump dump) {
  auto target = start_with_spinner();
  auto& other = xgops::bench::thousand_threads();
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
    dump(other);
    const double control_gap_us = take_longest_gap_us(target);
    control_us = std::max(control_us, control_gap_us);
    control_over_a_millisecond += control_gap_us > 1000 ? 1 : 0;
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

/// How long the spinner is held when it is the one that is asked: the median and the 99th
/// percentile of its longest gaps, and the same while a sleeping thread is asked instead.
void running_thread(benchmark::State& state) {
  auto target = start_with_spinner();
  xgops::bench::AgentClient client(xgops::bench::only_socket(target.socket_directory()));
  const auto gap_while_asked = [&](pid_t tid) {
    take_longest_gap_us(target);
    client.ask<xgops::protocol::Stacks>({.tid = tid});
    return take_longest_gap_us(target);
  };
  const pid_t spinner = target.fact("spinner").value("tid", 0);
  std::vector<double> held;
  std::vector<double> control;
  for (auto _ : state) {
    held.push_back(gap_while_asked(spinner));
    control.push_back(gap_while_asked(target.pid()));
  }
  const auto report = [&state](const char* name, std::vector<double>& gaps) {
    std::sort(gaps.begin(), gaps.end());
    state.counters[std::string(name) + "_us"] = gaps[gaps.size() / 2];
    state.counters[std::string(name) + "_p99_us"] = gaps[gaps.size() * 99 / 100];
  };
  report("held", held);
  report("control", control);
}
BENCHMARK(running_thread)
    ->Name("stop_1000_threads/running_thread")
    ->Unit(benchmark::kMicrosecond)
    ->Iterations(1000)
    ->UseRealTime();

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
