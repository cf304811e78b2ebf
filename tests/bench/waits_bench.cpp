// SPDX-License-Identifier: MIT
// The wait-for graph, and what `xgops diagnose` costs as a whole.
#include "process_runs.hpp"
#include "support/paths.hpp"
#include "support/target_process.hpp"
#include "xgops/waits/graph.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>

namespace {

using xgops::test::TargetProcess;
using xgops::waits::Graph;
using xgops::waits::Needs;
using xgops::waits::Node;
using xgops::waits::Role;

/// `tasks` tasks, each of which waits for a lock that another one holds, in circles of ten; and one
/// in a hundred runs.
Graph locked_tasks(Node tasks) {
  Graph graph;
  for (Node task = 0; task < tasks; ++task) {
    graph.add(Role::kActor, task % 100 == 0 ? Needs::kNothing : Needs::kAll);
  }
  for (Node task = 0; task < tasks; ++task) {
    const Node lock = graph.add(Role::kResource, Needs::kAll);
    const Node circle = task / 10 * 10;
    graph.connect(lock, task);
    graph.connect(circle + (task + 1) % 10, lock);
  }
  return graph;
}

void judge_graph(benchmark::State& state) {
  const auto tasks = static_cast<Node>(state.range(0));
  for (auto _ : state) {
    const Graph graph = locked_tasks(tasks);
    const xgops::waits::Verdict verdict(graph);
    benchmark::DoNotOptimize(verdict.knots().size());
  }
  state.SetComplexityN(state.range(0));
  state.counters["ns_a_task"] = benchmark::Counter(
      static_cast<double>(state.range(0)) * 1e-9,
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(judge_graph)
    ->Name("waits/graph")
    ->Unit(benchmark::kMillisecond)
    ->Arg(1'000)
    ->Arg(10'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Complexity(benchmark::oN);

/// A thousand threads that sleep and as many parked tasks as it says, in one process.
void diagnose(benchmark::State& state) {
  auto target = std::make_unique<TargetProcess>(TargetProcess::spawn("asio_workload"));
  (void)target->wait_ready();
  (void)target->ask("threads 1000");
  (void)target->ask("park " + std::to_string(state.range(0)));
  ::setenv("XGOPS_DIR", target->socket_directory().c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  for (auto _ : state) {
    const int status = xgops::bench::run_quietly(
        {xgops::test::xgops_path(), "diagnose", "--rules", "all", "-p", target->pid_text()});
    if (status != 0) {
      state.SkipWithError("xgops diagnose failed");
      return;
    }
  }
}
BENCHMARK(diagnose)
    ->Name("waits/diagnose_1000_threads")
    ->Unit(benchmark::kMillisecond)
    ->Arg(1'000)
    ->Arg(10'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->UseRealTime();

}  // namespace
