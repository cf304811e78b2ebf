// SPDX-License-Identifier: MIT
// What the tests of the suites do, the same for every framework. They know nothing of xgops.
#pragma once

#include <asio.hpp>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace bodies {

inline void wait_for_a_signal_that_never_comes() {
  static std::mutex& mutex = *new std::mutex;
  static auto& never = *new std::condition_variable;
  std::unique_lock lock(mutex);
  never.wait(lock, [] { return false; });
}

inline void forget_a_thread() {
  std::thread(wait_for_a_signal_that_never_comes).detach();
}

inline void join_a_thread() {
  std::thread([] {}).join();
}

inline asio::io_context& context() {
  static auto& the_one = *new asio::io_context;
  return the_one;
}

inline asio::awaitable<void> wait_for_long() {
  asio::steady_timer timer(context(), std::chrono::hours(1));
  co_await timer.async_wait(asio::use_awaitable);
}

inline void forget_a_task() {
  asio::co_spawn(context(), wait_for_long(), asio::detached);
  context().poll();
}

inline void finish_a_task() {
  asio::io_context own;
  asio::co_spawn(
      own, []() -> asio::awaitable<void> { co_return; }, asio::detached);
  own.run();
}

inline void crash() {
  (void)std::raise(SIGSEGV);
}

inline void hang() {
  static std::mutex& mutex = *new std::mutex;
  mutex.lock();
  std::thread([] { mutex.lock(); }).join();
}

/// A child of the process ends like a program of its own.
inline bool fork_and_exit() {
  const pid_t child = ::fork();
  if (child == 0) {
    std::exit(7);
  }
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7;
}

}  // namespace bodies
