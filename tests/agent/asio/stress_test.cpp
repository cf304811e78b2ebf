// SPDX-License-Identifier: MIT
// Tasks that are spawned, awaited, cancelled and finished on four threads while snapshots run flat
// out: every chain that is said to be exact must be one that can exist.
#include "tasks/registry.hpp"
#include "tasks/snapshot.hpp"
#include "tasks/source_text.hpp"

#include <asio.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/experimental/concurrent_channel.hpp>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace xgops {
namespace {

// NOLINTBEGIN(performance-unnecessary-value-param,cppcoreguidelines-avoid-reference-coroutine-parameters)
using asio::awaitable;
using asio::co_spawn;
using asio::detached;
using asio::use_awaitable;
using asio::experimental::awaitable_operators::operator&&;
using asio::experimental::awaitable_operators::operator||;
using std::chrono::microseconds;
using Channel = asio::experimental::concurrent_channel<void(asio::error_code, int)>;

// The lines on which the functions of a chain await; set by the compiler, see `kLegalCallers`.
constexpr unsigned kInnerLine = __LINE__ + 3;
awaitable<int> inner(int length) {
  asio::steady_timer timer(co_await asio::this_coro::executor, microseconds(length));
  co_await timer.async_wait(use_awaitable);
  co_return length;
}
constexpr unsigned kMiddleLine = __LINE__ + 2;
awaitable<std::unique_ptr<int>> middle(int length) {
  co_return std::make_unique<int>(co_await inner(length));
}
constexpr unsigned kOuterLine = __LINE__ + 2;
awaitable<std::string> outer(int length) {
  co_return std::to_string(*co_await middle(length));
}
constexpr unsigned kChainLine = __LINE__ + 4;
awaitable<void> chain(unsigned rounds) {
  std::minstd_rand random(rounds + 1);
  for (unsigned i = 0; i < rounds; ++i) {
    if (const auto text = co_await outer(static_cast<int>(random() % 300)); text.empty()) {
      std::abort();
    }
  }
}

awaitable<void> fail_sometimes(int number) {
  co_await asio::post(use_awaitable);
  if (number % 2 == 1) {
    throw std::runtime_error("as intended");
  }
  co_await inner(10);
}
awaitable<void> catcher(int rounds) {
  for (int i = 0; i < rounds; ++i) {
    try {
      co_await fail_sometimes(i);
    } catch (const std::runtime_error&) {
    }
  }
}
awaitable<void> combine(int rounds) {
  for (int i = 0; i < rounds; ++i) {
    co_await (inner(50) && inner(100));
    co_await (inner(20) || chain(5));
  }
}
awaitable<void> change_executors(int rounds) {
  auto executor = co_await asio::this_coro::executor;
  auto strand = asio::make_strand(executor);
  for (int i = 0; i < rounds; ++i) {
    co_await asio::post(strand, use_awaitable);
    co_await asio::dispatch(executor, use_awaitable);
  }
}
awaitable<void> produce(std::shared_ptr<Channel> channel, int count) {
  for (int i = 0; i < count; ++i) {
    co_await channel->async_send(asio::error_code{}, i, use_awaitable);
  }
  channel->close();
}
awaitable<void> consume(std::shared_ptr<Channel> channel) {
  try {
    for (;;) {
      co_await channel->async_receive(use_awaitable);
    }
  } catch (const std::system_error&) {
  }
}
awaitable<void> spawn_tree(int depth) {
  auto executor = co_await asio::this_coro::executor;
  for (int i = 0; depth > 0 && i < 4; ++i) {
    if (i % 2 == 1) {
      co_spawn(executor, spawn_tree(depth - 1), detached);
    } else {
      co_await co_spawn(executor, spawn_tree(depth - 1), use_awaitable);
    }
  }
  co_await inner(20);
}
awaitable<void> wait_for_ever() {
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
  co_await timer.async_wait(use_awaitable);
}
// NOLINTEND(performance-unnecessary-value-param,cppcoreguidelines-avoid-reference-coroutine-parameters)

/// One round: everything to its end, but for tasks that are destroyed with their context.
void run_round(int threads) {
  asio::io_context context(threads);
  for (unsigned i = 0; i < 20; ++i) {
    co_spawn(context, chain(30), detached);
    co_spawn(context, catcher(20), detached);
    co_spawn(asio::make_strand(context), combine(10), detached);
    co_spawn(context, change_executors(50), detached);
    auto channel = std::make_shared<Channel>(context, 3);
    co_spawn(context, produce(channel, 50), detached);
    co_spawn(context, consume(channel), detached);
  }
  co_spawn(context, spawn_tree(4), detached);
  asio::cancellation_signal signal;
  auto strand = asio::make_strand(context);
  co_spawn(strand, wait_for_ever, asio::bind_cancellation_slot(signal.slot(), detached));
  asio::steady_timer canceller(strand, std::chrono::milliseconds(5));
  canceller.async_wait([&](asio::error_code) { signal.emit(asio::cancellation_type::all); });
  asio::io_context left_behind;
  for (int i = 0; i < 50; ++i) {
    co_spawn(left_behind, wait_for_ever, detached);
  }
  left_behind.poll();
  std::vector<std::jthread> workers;
  for (int i = 0; i < threads; ++i) {
    workers.emplace_back([&] { context.run(); });
  }
}

/// Takes snapshots and checks chains until told to stop.
class Observer {
 public:
  explicit Observer(const std::atomic<bool>& stop) : stop_(stop), thread_([this] { run(); }) {}
  void join() { thread_.join(); }

  std::uint64_t seen = 0;
  std::uint64_t exact = 0;
  std::uint64_t dropped = 0;
  std::uint64_t snapshots = 0;
  std::vector<std::string> impossible;

 private:
  unsigned line_of(const tasks::FrameSite& site) {
    const auto [entry, is_new] = lines_.try_emplace(site.location);
    if (is_new) {
      const tasks::SourcePlace place = tasks::place_at(site.location, site.function);
      // Only those of this file have callers that are known.
      entry->second = place.file.ends_with("stress_test.cpp") ? place.line : 0;
    }
    return entry->second;
  }

  void check(const tasks::TaskSighting& task) {
    ++seen;
    if (task.consistency != tasks::Consistency::kExact) {
      return;
    }
    ++exact;
    static const std::map<unsigned, unsigned> kLegalCallers{{kMiddleLine, kOuterLine},
                                                            {kOuterLine, kChainLine}};
    std::string text;
    // A task that has just begun, or is about to end, is in no function of the program's.
    bool legal = !task.frames.empty() || task.resumed <= 1 || task.state == detail::kTaskRunning;
    unsigned callee = 0;
    for (std::size_t i = 0; i < task.frames.size(); ++i) {
      const unsigned line = line_of(task.frames[i]);
      text += std::to_string(line) + ' ';
      if (const auto rule = kLegalCallers.find(callee); rule != kLegalCallers.end()) {
        legal = legal && line == rule->second;
      }
      // Below the innermost frame each is a caller, which waits for what it called.
      if (i > 0 && (line == kMiddleLine || line == kInnerLine)) {
        legal = legal && line == kMiddleLine && i == 1;
      }
      callee = line;
    }
    if (!legal && impossible.size() < 10) {
      impossible.push_back("task " + std::to_string(task.id) + " in state " +
                           std::to_string(task.state) + ": " + text);
    }
  }

  void run() {
    tasks::TaskReader reader(tasks::registry());
    while (!stop_) {
      const auto summary =
          reader.read({}, [this](const tasks::TaskSighting& task) { check(task); });
      dropped += summary.dropped;
      ++snapshots;
    }
  }

  const std::atomic<bool>& stop_;
  std::unordered_map<std::uint64_t, unsigned> lines_;
  std::thread thread_;
};

std::chrono::seconds duration() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread is started.
  const char* const text = std::getenv("XGOPS_STRESS_SECONDS");
  return std::chrono::seconds(text == nullptr ? 5 : std::atoi(text));
}

TEST(AsioStressTest, ShowsOnlyChainsThatExist) {
  constexpr int kThreads = 4;
  const auto end = std::chrono::steady_clock::now() + duration();
  std::atomic<bool> stop{false};
  Observer observer(stop);

  do {
    run_round(kThreads);
  } while (std::chrono::steady_clock::now() < end);
  stop = true;
  observer.join();

  EXPECT_EQ(observer.impossible, std::vector<std::string>());
  EXPECT_GT(observer.exact, observer.seen / 2);
  EXPECT_EQ(tasks::registry().counts().live, 0U);
  EXPECT_EQ(tasks::TaskReader(tasks::registry()).read({}, [](const auto&) {}).total, 0U);
  std::cout << observer.snapshots << " snapshots, " << observer.seen << " tasks seen, "
            << observer.exact << " exact, " << observer.dropped << " dropped, "
            << tasks::registry().counts().created << " created\n";
}

}  // namespace
}  // namespace xgops
