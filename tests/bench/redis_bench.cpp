// SPDX-License-Identifier: MIT
// A server that nobody here wrote, under load, with ten dumps a second and without.
#include "agent_client.hpp"
#include "process_runs.hpp"
#include "support/child_process.hpp"
#include "support/paths.hpp"

#include <benchmark/benchmark.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

#include <time.h>

namespace {

using Clock = std::chrono::steady_clock;
using xgops::test::TargetProcess;

constexpr std::chrono::milliseconds kBetweenDumps{100};

class Redis {
 public:
  Redis() : server_(start()) {
    while (const auto line = server_.read_line()) {
      if (line->find("ready to accept connections") != std::string::npos) {
        return;
      }
    }
    throw std::runtime_error("redis-server did not get ready\n" + server_.log());
  }

  [[nodiscard]] TargetProcess& process() { return server_; }

  /// A fixed number of requests. Throws when one fails.
  void serve_requests() const {
    const int status = xgops::bench::run_quietly(
        {"redis-benchmark", "-s", socket_, "-n", "150000", "-c", "20", "-t", "get", "-q"});
    if (status != 0) {
      throw std::runtime_error("redis-benchmark: status " + std::to_string(status));
    }
  }

 private:
  [[nodiscard]] TargetProcess start() const {
    xgops::test::TargetOptions options;
    options.launch = xgops::test::Launch::kRun;
    options.arguments = {"--port", "0", "--unixsocket", socket_,
                         "--save", "",  "--appendonly", "no"};
    return TargetProcess::spawn_program("redis-server", options);
  }

  xgops::test::TempDir directory_;
  std::string socket_ = (directory_.path() / "redis").string();
  TargetProcess server_;
};

/// Calls `dump` ten times a second until destroyed.
class Dumper {
 public:
  explicit Dumper(std::function<void()> dump)
      : thread_([this, dump = std::move(dump)] {
          for (auto next = Clock::now(); !ended_; next += kBetweenDumps) {
            std::this_thread::sleep_until(next);
            dump();
            count_.fetch_add(1);
          }
        }) {}
  ~Dumper() {
    ended_ = true;
    thread_.join();
  }
  Dumper(const Dumper&) = delete;
  Dumper& operator=(const Dumper&) = delete;

  [[nodiscard]] int count() const { return count_; }

 private:
  std::atomic<bool> ended_{false};
  std::atomic<int> count_{0};
  std::thread thread_;
};

void measure(benchmark::State& state, const std::function<void(TargetProcess&)>& dump) {
  Redis redis;
  int dumps = 0;
  const double agent_begin_us = xgops::bench::agent_cpu_us(redis.process());
  const auto begin = Clock::now();
  for (auto _ : state) {
    if (!dump) {
      redis.serve_requests();
      continue;
    }
    Dumper dumper([&] { dump(redis.process()); });
    redis.serve_requests();
    dumps = dumper.count();
  }
  const std::chrono::duration<double, std::micro> length = Clock::now() - begin;
  state.counters["dumps"] = dumps;
  state.counters["agent_cpu_percent"] =
      100 * (xgops::bench::agent_cpu_us(redis.process()) - agent_begin_us) / length.count();
}

void undisturbed(benchmark::State& state) {
  measure(state, {});
}
BENCHMARK(undisturbed)
    ->Name("redis_requests/undisturbed")
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->UseRealTime();

/// What the server pays: capture and transfer, without the command's own work.
void raw_dumps(benchmark::State& state) {
  measure(state, [](TargetProcess& target) {
    xgops::bench::AgentClient client(xgops::bench::only_socket(target.socket_directory()));
    client.ask<xgops::protocol::Stacks>({});
  });
}
BENCHMARK(raw_dumps)
    ->Name("redis_requests/raw_dumps")
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->UseRealTime();

/// What a user sees who runs the command on the same, fully busy machine.
void whole_commands(benchmark::State& state) {
  measure(state, [](TargetProcess& target) {
    (void)target.xgops({"stack", "-p", target.pid_text()});
  });
}
BENCHMARK(whole_commands)
    ->Name("redis_requests/xgops_stack")
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->UseRealTime();

}  // namespace
