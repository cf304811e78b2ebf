// SPDX-License-Identifier: MIT
// What can go wrong with executors, each with a twin in which it does not: the first argument names
// the case, the second is `bug` or `fixed`.
#include <asio.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/experimental/channel.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>
#include <unistd.h>

namespace {

using asio::awaitable;
using asio::co_spawn;
using asio::detached;
using asio::use_awaitable;

constexpr auto kForEver = std::chrono::hours(1);

/// What a case leaves behind: alive until the process ends.
struct World {
  asio::io_context context;
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::vector<std::thread> threads;
  std::mutex mutex;
  bool fixed = false;

  void start(const char* name, std::function<void()> run) {
    threads.emplace_back([name, run = std::move(run)] {
      ::pthread_setname_np(::pthread_self(), name);
      run();
    });
  }
  void start_worker() {
    start("worker", [this] { context.run(); });
  }
};

/// How a case ends: main reads stdin, or waits for the other threads and so for ever.
enum class End { kStdin, kJoin };

awaitable<int> answer() {
  co_await asio::post(use_awaitable);
  co_return 42;
}

awaitable<void> wait_for_future(World& world) {
  if (world.fixed) {
    co_await answer();
    co_return;
  }
  auto result = co_spawn(world.context, answer(), asio::use_future);
  result.get();  // Only this thread could run it.
}

End future_on_own_executor(World& world) {
  co_spawn(world.context, wait_for_future(world), detached);
  world.start_worker();
  return End::kStdin;
}

/// The same beside another executor, which is idle.
End future_beside_another_executor(World& world) {
  static asio::io_context other;
  static const auto work = asio::make_work_guard(other);
  co_spawn(other, answer(), detached);  // So that it is known what the thread runs.
  world.start("other", [] { other.run(); });
  return future_on_own_executor(world);
}

End future_and_nobody_else(World& world) {
  future_on_own_executor(world);
  return world.fixed ? End::kStdin : End::kJoin;
}

awaitable<void> fail() {
  co_await asio::post(use_awaitable);
  throw std::runtime_error("the peer is gone");
}

End dropped_exception(World& world) {
  for (int i = 0; i < 3; ++i) {
    if (world.fixed) {
      co_spawn(world.context, fail(), [](const std::exception_ptr& /*error*/) {});
    } else {
      co_spawn(world.context, fail(), detached);
    }
  }
  world.start_worker();
  return End::kStdin;
}

template <class Buffer>
awaitable<void> hold_buffer(World& world, Buffer buffer) {
  asio::steady_timer timer(world.context, kForEver);
  co_await timer.async_wait(use_awaitable);
  std::printf("%p\n", static_cast<void*>(buffer.data()));
}

End buffer_in_frame(World& world) {
  for (int i = 0; i < 5; ++i) {
    if (world.fixed) {
      co_spawn(world.context, hold_buffer(world, std::vector<char>(10'000)), detached);
    } else {
      co_spawn(world.context, hold_buffer(world, std::array<char, 10'000>()), detached);
    }
  }
  world.start_worker();
  return End::kStdin;
}

volatile std::uint64_t g_sink = 0;

awaitable<void> compute(World& world) {
  for (;;) {
    for (int i = 0; i < 1'000'000; ++i) {
      g_sink = g_sink + 1;
    }
    if (world.fixed) {
      co_await asio::post(use_awaitable);
    }
  }
}

End busy(World& world) {
  co_spawn(world.context, compute(world), detached);
  world.start_worker();
  return End::kStdin;
}

awaitable<void> sleep_for_ever(World& world) {
  if (world.fixed) {
    asio::steady_timer timer(world.context, kForEver);
    co_await timer.async_wait(use_awaitable);
  }
  std::this_thread::sleep_for(kForEver);
}

End sleeping(World& world) {
  co_spawn(world.context, sleep_for_ever(world), detached);
  world.start_worker();
  return End::kStdin;
}

End handler_sleeps(World& world) {
  asio::post(world.context, [&world] {
    if (!world.fixed) {
      std::this_thread::sleep_for(kForEver);
    }
  });
  world.start_worker();
  return End::kStdin;
}

void compute_and_post(World& world) {
  for (int i = 0; i < 1'000'000 || !world.fixed; ++i) {
    g_sink = g_sink + 1;
    i = world.fixed ? i : 0;
  }
  asio::post(world.context, [&world] { compute_and_post(world); });
}

End handler_computes(World& world) {
  asio::post(world.context, [&world] { compute_and_post(world); });
  world.start_worker();
  return End::kStdin;
}

/// Another handler begins and ends within the one that computes. Or no handler runs, on a thread
/// that polls its executor without a pause.
End handler_dispatches(World& world) {
  asio::post(world.context, [&world] {
    asio::dispatch(world.context, [] { g_sink = g_sink + 1; });
    while (!world.fixed) {
      g_sink = g_sink + 1;
    }
  });
  if (world.fixed) {
    world.start("polls", [&world] {
      for (;;) {
        world.context.poll();
      }
    });
  } else {
    world.start_worker();
  }
  return End::kStdin;
}

awaitable<void> hold_across_suspension(World& world, std::promise<void>& held) {
  std::unique_lock lock(world.mutex);
  if (world.fixed) {
    lock.unlock();
  }
  held.set_value();
  asio::steady_timer timer(world.context, kForEver);
  co_await timer.async_wait(use_awaitable);
}

End mutex_across_suspension(World& world) {
  static std::promise<void> held;
  co_spawn(world.context, hold_across_suspension(world, held), detached);
  world.start_worker();
  held.get_future().wait();
  world.start("wants", [&world] { const std::scoped_lock lock(world.mutex); });
  return End::kStdin;
}

End never_started(World& world) {
  co_spawn(world.context, sleep_for_ever(world), detached);
  if (world.fixed) {
    world.start_worker();
  }
  return End::kStdin;
}

End convoy(World& world) {
  for (int i = 0; i < 8; ++i) {
    world.start("queues", [&world, own = std::make_shared<std::mutex>()] {
      for (;;) {
        const std::scoped_lock lock(world.fixed ? *own : world.mutex);
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    });
  }
  return End::kStdin;
}

awaitable<void> read_from(World& world, asio::ip::tcp::socket socket) {
  char byte = 0;
  if (world.fixed) {
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer timer(world.context, kForEver);
    co_await (socket.async_read_some(asio::buffer(&byte, 1), use_awaitable) ||
              timer.async_wait(use_awaitable));
  } else {
    co_await socket.async_read_some(asio::buffer(&byte, 1), use_awaitable);
  }
}

End silent_peer(World& world) {
  using asio::ip::tcp;
  static tcp::acceptor acceptor(world.context, {asio::ip::address_v4::loopback(), 0});
  static tcp::socket peer(world.context);
  peer.connect(acceptor.local_endpoint());
  co_spawn(world.context, read_from(world, acceptor.accept()), detached);
  world.start_worker();
  return End::kStdin;
}

using Channel = asio::experimental::channel<void(asio::error_code, int)>;

awaitable<void> receive(Channel& channel) {
  co_await channel.async_receive(use_awaitable);
}

awaitable<void> tick() {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    timer.expires_after(std::chrono::milliseconds(10));
    co_await timer.async_wait(use_awaitable);
  }
}

End everybody_receives(World& world) {
  static Channel channel(world.context);
  for (int i = 0; i < 3; ++i) {
    co_spawn(world.context, receive(channel), detached);
  }
  if (world.fixed) {
    static asio::steady_timer timer(world.context, kForEver);
    timer.async_wait([](asio::error_code) { channel.close(); });
  }
  world.start_worker();
  return End::kJoin;
}

/// The same on one executor of two; the other ticks.
End one_executor_receives(World& world) {
  static asio::io_context other;
  co_spawn(other, tick(), detached);
  world.start("other", [] { other.run(); });
  everybody_receives(world);
  return End::kStdin;
}

awaitable<int> want_mutex(World& world) {
  const std::scoped_lock lock(world.mutex);
  co_return 42;
}

/// A thread holds a lock and waits for a task, whose thread waits for the lock.
End lock_and_future(World& world) {
  world.start_worker();
  world.start("asks", [&world] {
    std::unique_lock lock(world.mutex);
    auto result = co_spawn(world.context, want_mutex(world), asio::use_future);
    if (world.fixed) {
      lock.unlock();
    }
    result.get();
  });
  return world.fixed ? End::kStdin : End::kJoin;
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, End (*)(World&)> cases{
      {"future_on_own_executor", future_on_own_executor},
      {"future_beside_another_executor", future_beside_another_executor},
      {"future_and_nobody_else", future_and_nobody_else},
      {"dropped_exception", dropped_exception},
      {"buffer_in_frame", buffer_in_frame},
      {"busy", busy},
      {"sleeping", sleeping},
      {"handler_sleeps", handler_sleeps},
      {"handler_computes", handler_computes},
      {"handler_dispatches", handler_dispatches},
      {"mutex_across_suspension", mutex_across_suspension},
      {"never_started", never_started},
      {"convoy", convoy},
      {"silent_peer", silent_peer},
      {"everybody_receives", everybody_receives},
      {"one_executor_receives", one_executor_receives},
      {"lock_and_future", lock_and_future},
  };
  const auto found = argc == 3 ? cases.find(argv[1]) : cases.end();
  if (found == cases.end()) {
    std::cerr << "usage: executor_cases CASE bug|fixed\n";
    return 64;
  }
  static World world;
  world.fixed = std::string(argv[2]) == "fixed";
  const End end = found->second(world);
  std::cout << "ready" << std::endl;
  if (end == End::kJoin) {
    for (std::thread& thread : world.threads) {
      thread.join();
    }
  }
  for (std::string line; std::getline(std::cin, line);) {
  }
  std::_Exit(0);
}
