// SPDX-License-Identifier: MIT
// What the hooks cost a program of stock Asio coroutines, beside the same program without them; and
// how long it takes to look at a million tasks.
#include "agent_client.hpp"
#include "process_runs.hpp"
#include "support/paths.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

namespace {

using xgops::protocol::Tasks;
using xgops::test::TargetProcess;

TargetProcess start(const char* name) {
  auto target = TargetProcess::spawn(name);
  if (!target.wait_ready()) {
    throw std::runtime_error("a target did not get ready\n" + target.log());
  }
  return target;
}

/// Each iteration asks a new process, so that none profits from the memory of another; its own
/// measurement counts.
void measure(benchmark::State& state, const char* target_name, const std::string& question) {
  for (auto _ : state) {
    auto target = start(target_name);
    (void)target.ask(question);  // Warms up.
    std::istringstream answer(target.ask(question).value_or("-1"));
    double nanoseconds = 0;
    double bytes = 0;
    answer >> nanoseconds >> bytes;
    state.SetIterationTime(nanoseconds * 1e-9);
    if (bytes > 0) {
      state.counters["bytes_a_task"] = bytes;
    }
  }
}

#define XGOPS_COMPARE(name, question)                                       \
  BENCHMARK_CAPTURE(measure, name##_plain, "asio_workload_plain", question) \
      ->Name("asio_tasks/" #name "_plain")                                  \
      ->Iterations(3)                                                       \
      ->UseManualTime();                                                    \
  BENCHMARK_CAPTURE(measure, name##_tracked, "asio_workload", question)     \
      ->Name("asio_tasks/" #name "_tracked")                                \
      ->Iterations(3)                                                       \
      ->UseManualTime()
XGOPS_COMPARE(spawn, "spawn 1000000");
XGOPS_COMPARE(call, "call 5000000");
XGOPS_COMPARE(post, "post 2000000");
XGOPS_COMPARE(park, "park 1000000");
#undef XGOPS_COMPARE

/// A process in which `count` tasks are parked, five frames deep.
TargetProcess& parked(long count) {
  static std::unique_ptr<TargetProcess> target;
  static long parked_count = 0;
  if (parked_count != count) {
    target = std::make_unique<TargetProcess>(start("asio_workload"));
    (void)target->ask("park " + std::to_string(count));
    parked_count = count;
  }
  return *target;
}

void snapshot(benchmark::State& state, bool group) {
  auto& target = parked(state.range(0));
  Tasks::Request request;
  request.group = group;
  for (auto _ : state) {
    xgops::bench::AgentClient client(xgops::bench::only_socket(target.socket_directory()));
    state.counters["bytes"] = static_cast<double>(client.ask<Tasks>(request));
  }
}
void command(benchmark::State& state, const std::string& name) {
  auto& target = parked(state.range(0));
  ::setenv("XGOPS_DIR", target.socket_directory().c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  for (auto _ : state) {
    const int status = name == "stack"
                           ? xgops::bench::run_quietly({xgops::test::xgops_path(), "stack",
                                                        "--tasks", "-p", target.pid_text()})
                           : xgops::bench::run_quietly(
                                 {xgops::test::xgops_path(), "tasks", "-p", target.pid_text()});
    if (status != 0) {
      state.SkipWithError(("xgops " + name + " failed").c_str());
      return;
    }
  }
}
#define XGOPS_LOOK(function, argument, title)  \
  BENCHMARK_CAPTURE(function, title, argument) \
      ->Name("parked_tasks/" #title)           \
      ->Unit(benchmark::kMillisecond)          \
      ->Arg(10'000)                            \
      ->Arg(100'000)                           \
      ->Arg(1'000'000)                         \
      ->UseRealTime()
XGOPS_LOOK(snapshot, true, agent_grouped);
XGOPS_LOOK(snapshot, false, agent_all);
XGOPS_LOOK(command, "stack", xgops_stack_tasks);
XGOPS_LOOK(command, "tasks", xgops_tasks);
#undef XGOPS_LOOK

/// The longest gap of a thread of the target while it is asked, and without that beside it.
void pause(benchmark::State& state) {
  auto& target = parked(state.range(0));
  const auto gap_us = [&] { return std::stod(target.ask("gap").value_or("-1")) / 1000.0; };
  Tasks::Request request;
  double longest = 0;
  double control = 0;
  (void)gap_us();
  for (auto _ : state) {
    (void)gap_us();
    const auto begin = std::chrono::steady_clock::now();
    xgops::bench::AgentClient client(xgops::bench::only_socket(target.socket_directory()));
    (void)client.ask<Tasks>(request);
    const auto length = std::chrono::steady_clock::now() - begin;
    longest = std::max(longest, gap_us());
    (void)gap_us();
    while (std::chrono::steady_clock::now() - begin < 2 * length) {
    }
    control = std::max(control, gap_us());
  }
  state.counters["longest_us"] = longest;
  state.counters["control_us"] = control;
}
BENCHMARK(pause)
    ->Name("parked_tasks/pause")
    ->Unit(benchmark::kMillisecond)
    ->Arg(10'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Iterations(20)
    ->UseRealTime();

}  // namespace
