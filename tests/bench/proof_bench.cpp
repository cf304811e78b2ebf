// SPDX-License-Identifier: MIT
// What a proof costs the process: how long all threads stand still, how long it takes in all, and
// how much memory the child has for itself. The heap is the worst there is: small blocks that point
// to each other at random.
#include "xgops/protocol/messages/proof.hpp"

#include "agent_client.hpp"
#include "support/target_process.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace {

using xgops::protocol::Proof;
using xgops::protocol::ProofStatus;
using xgops::protocol::ProofVerdict;
using xgops::test::TargetProcess;

constexpr int kLost = 100;

TargetProcess server_with_heap(long mebibytes) {
  auto target = TargetProcess::spawn("lost_tasks");
  const std::string fill = "fill " + std::to_string(mebibytes);
  const std::string lose = "lose " + std::to_string(kLost);
  if (!target.wait_ready() || target.ask(fill) != fill || target.ask(lose) != lose) {
    throw std::runtime_error("the server does not do what it is told:\n" + target.log());
  }
  return target;
}

void prove(benchmark::State& state) {
  const TargetProcess target = server_with_heap(state.range(0));
  xgops::bench::AgentClient client(xgops::bench::only_socket(target.socket_directory()));
  Proof::Request request;
  request.memory_limit_bytes = std::uint64_t{16} << 30U;
  request.ignore_headroom = true;
  request.deadline_ms = 60'000;
  double longest_ms = 0;
  double child_mib = 0;
  std::int64_t proven = kLost;
  for (auto _ : state) {
    client.ask<Proof>(request);
    const auto answer = xgops::protocol::decode<Proof::Response>(client.last_payload());
    if (!answer || answer->status != ProofStatus::kDone) {
      state.SkipWithError(answer ? answer->problem.c_str() : "the answer makes no sense");
      return;
    }
    state.SetIterationTime(static_cast<double>(answer->costs.total_ns) * 1e-9);
    longest_ms = std::max(longest_ms, static_cast<double>(answer->costs.longest_pause_ns) * 1e-6);
    child_mib = std::max(
        child_mib, static_cast<double>(answer->costs.child_bytes) / (std::uint64_t{1} << 20U));
    proven = std::min<std::int64_t>(
        proven, std::count_if(answer->tasks.begin(), answer->tasks.end(), [](const auto& task) {
          return task.verdict == ProofVerdict::kProven;
        }));
  }
  state.counters["longest_pause_ms"] = longest_ms;
  state.counters["child_mib"] = child_mib;
  state.counters["proven_of_100"] = static_cast<double>(proven);
}
BENCHMARK(prove)
    ->Name("proof/heap_mib")
    ->Arg(10)
    ->Arg(1000)
    ->Iterations(3)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
