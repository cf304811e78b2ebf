// SPDX-License-Identifier: MIT
// asio_workload: stock Asio coroutines that do nothing but what is to be measured. Built with and
// without the hooks. Reads lines and answers each with one:
//   spawn N, call N, post N   nanoseconds of CPU time for each of N
//   park N                    the same for N tasks, five frames deep, that wait for ever; and bytes
//                             of memory for each
//   threads N                 starts N threads that sleep
//   gap                       nanoseconds of the longest gap of a thread that reads the clock since
//                             the last time asked; the first time starts the thread
#include "support.hpp"

#include <asio.hpp>

#include <condition_variable>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace {

using asio::awaitable;
using asio::co_spawn;
using asio::detached;
using asio::use_awaitable;

long cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000L + now.tv_nsec;
}

long resident_bytes() {
  std::ifstream file("/proc/self/statm");
  long total = 0;
  long resident = 0;
  file >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

awaitable<void> nothing() {
  co_return;
}
awaitable<long> one() {
  co_return 1;
}
awaitable<void> call_often(long count, long& sum) {
  for (long i = 0; i < count; ++i) {
    sum += co_await one();
  }
}
awaitable<void> post_often(long count) {
  auto executor = co_await asio::this_coro::executor;
  for (long i = 0; i < count; ++i) {
    co_await asio::post(executor, use_awaitable);
  }
}

/// What parked tasks wait for.
class Parking {
 public:
  explicit Parking(asio::io_context& context) : timer_(context, std::chrono::hours(24)) {}
  awaitable<void> wait() { co_await timer_.async_wait(use_awaitable); }

 private:
  asio::steady_timer timer_;
};
awaitable<void> innermost(Parking& parking) {
  co_await parking.wait();
}
awaitable<void> middle(Parking& parking) {
  co_await innermost(parking);
}
awaitable<void> outermost(Parking& parking) {
  co_await middle(parking);
}

class Workload {
 public:
  long spawn(long count) {
    const long begin = cpu_ns();
    for (long done = 0; done < count; done += 100) {
      for (int i = 0; i < 100; ++i) {
        co_spawn(context_, nothing(), detached);
      }
      run();
    }
    return (cpu_ns() - begin) / count;
  }
  long call(long count) {
    long sum = 0;
    const long begin = cpu_ns();
    co_spawn(context_, call_often(count, sum), detached);
    run();
    return sum == count ? (cpu_ns() - begin) / count : -1;
  }
  long post(long count) {
    const long begin = cpu_ns();
    co_spawn(context_, post_often(count), detached);
    run();
    return (cpu_ns() - begin) / count;
  }
  std::string park(long count) {
    const long memory = resident_bytes();
    const long begin = cpu_ns();
    for (long i = 0; i < count; ++i) {
      co_spawn(parked_, outermost(parking_), detached);
    }
    parked_.restart();
    parked_.poll();
    const long spent = cpu_ns() - begin;
    return std::to_string(spent / count) + ' ' +
           std::to_string((resident_bytes() - memory) / count);
  }

 private:
  void run() {
    context_.restart();
    context_.run();
  }

  asio::io_context context_{1};
  asio::io_context parked_{1};
  Parking parking_{parked_};
};

std::atomic<std::int64_t> g_longest_gap_ns{0};

[[noreturn]] void watch_clock() {
  auto last = std::chrono::steady_clock::now();
  for (;;) {
    const auto now = std::chrono::steady_clock::now();
    const std::int64_t gap =
        std::chrono::duration_cast<std::chrono::nanoseconds>(now - last).count();
    if (gap > g_longest_gap_ns.load(std::memory_order_relaxed)) {
      g_longest_gap_ns.store(gap, std::memory_order_relaxed);
    }
    last = now;
  }
}

/// Threads that wait in a condition, of twenty functions' depth.
[[gnu::noinline]] int wait_deep(int depth) {
  if (depth > 0) {
    const int reached = wait_deep(depth - 1);
    target::keep_frame();
    return reached + 1;
  }
  static std::mutex mutex;
  static std::condition_variable never;
  std::unique_lock lock(mutex);
  static volatile bool over = false;
  never.wait(lock, [] { return over; });
  return 0;
}
void start_sleepers(long count) {
  for (long i = 0; i < count; ++i) {
    std::thread([] { wait_deep(20); }).detach();
  }
}

std::string answer(Workload& workload, const std::string& line) {
  std::istringstream words(line);
  std::string command;
  long count = 1;
  words >> command >> count;
  if (command == "spawn") {
    return std::to_string(workload.spawn(count));
  }
  if (command == "call") {
    return std::to_string(workload.call(count));
  }
  if (command == "post") {
    return std::to_string(workload.post(count));
  }
  if (command == "gap") {
    static const bool kStarted = [] {
      std::thread(watch_clock).detach();
      return true;
    }();
    return kStarted ? std::to_string(g_longest_gap_ns.exchange(0)) : std::string();
  }
  if (command == "threads") {
    start_sleepers(count);
    return "started";
  }
  return workload.park(count);
}

}  // namespace

int main() {
  Workload workload;
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << answer(workload, line) << std::endl;
  }
  std::cout.flush();
  ::_exit(0);  // Millions of parked tasks need not be destroyed.
}
