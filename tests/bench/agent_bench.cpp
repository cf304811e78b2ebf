// SPDX-License-Identifier: MIT
// The agent alone: connect, hello, one question, its answer, close; without a command around it.
#include "agent_client.hpp"
#include "process_runs.hpp"

#include <benchmark/benchmark.h>

#include <string>

namespace {

using xgops::bench::AgentClient;
using xgops::bench::only_socket;

/// Reports how much CPU time the agent's thread took for an iteration.
class AgentTime {
 public:
  AgentTime(benchmark::State& state, const xgops::test::TargetProcess& target)
      : state_(state), target_(target), begin_us_(xgops::bench::agent_cpu_us(target)) {}
  ~AgentTime() {
    state_.counters["agent_cpu_us"] = benchmark::Counter(
        xgops::bench::agent_cpu_us(target_) - begin_us_, benchmark::Counter::kAvgIterations);
  }
  AgentTime(const AgentTime&) = delete;
  AgentTime& operator=(const AgentTime&) = delete;

 private:
  benchmark::State& state_;
  const xgops::test::TargetProcess& target_;
  double begin_us_;
};

template <class Exchange>
void connect_and_ask(benchmark::State& state, xgops::test::TargetProcess& target) {
  const std::string socket = only_socket(target.socket_directory());
  std::size_t bytes = 0;
  const AgentTime agent(state, target);
  for (auto _ : state) {
    AgentClient client(socket);
    bytes = client.ask<Exchange>({});
  }
  state.counters["payload_bytes"] = static_cast<double>(bytes);
}

void hello(benchmark::State& state) {
  const auto& target = xgops::bench::small_program();
  const std::string socket = only_socket(target.socket_directory());
  const AgentTime agent(state, target);
  for (auto _ : state) {
    AgentClient(socket).greet();
  }
}
BENCHMARK(hello)->Name("agent/connect_hello")->Unit(benchmark::kMicrosecond)->UseRealTime();

void vitals(benchmark::State& state) {
  connect_and_ask<xgops::protocol::Vitals>(state, xgops::bench::small_program());
}
BENCHMARK(vitals)->Name("agent/connect_vitals")->Unit(benchmark::kMicrosecond)->UseRealTime();

void vitals_on_open_connection(benchmark::State& state) {
  const auto& target = xgops::bench::small_program();
  AgentClient client(only_socket(target.socket_directory()));
  client.greet();
  const AgentTime agent(state, target);
  for (auto _ : state) {
    client.ask<xgops::protocol::Vitals>({});
  }
}
BENCHMARK(vitals_on_open_connection)
    ->Name("agent/vitals")
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

void stacks_of_small_program(benchmark::State& state) {
  connect_and_ask<xgops::protocol::Stacks>(state, xgops::bench::small_program());
}
BENCHMARK(stacks_of_small_program)
    ->Name("agent/connect_stacks_3_threads")
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

void stacks_of_thousand_threads(benchmark::State& state) {
  connect_and_ask<xgops::protocol::Stacks>(state, xgops::bench::thousand_threads());
}
BENCHMARK(stacks_of_thousand_threads)
    ->Name("agent/connect_stacks_1000_threads")
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void threads_of_thousand_threads(benchmark::State& state) {
  connect_and_ask<xgops::protocol::Threads>(state, xgops::bench::thousand_threads());
}
BENCHMARK(threads_of_thousand_threads)
    ->Name("agent/connect_threads_1000_threads")
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
