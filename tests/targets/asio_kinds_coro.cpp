// SPDX-License-Identifier: MIT
// Coroutines of experimental::coro: by themselves, called, as generators, and on other executors.
#include "asio_kinds.hpp"

#include <asio/experimental/coro.hpp>
#include <asio/experimental/use_coro.hpp>

namespace kinds {
namespace {

using asio::experimental::coro;
using asio::experimental::use_coro;

coro<void> wait_in_coro(asio::any_io_executor executor) {
  Timer timer(executor, kForever);
  XGOPS_AWAIT("asynchronous operation", timer.async_wait(use_coro));
}

coro<void> call_coro(asio::any_io_executor executor) {
  auto callee = wait_in_coro(executor);
  co_await callee;
}

/// Awaited once for nothing, so that it comes to wait for somebody who wants more.
coro<int> yield_in_coro(asio::any_io_executor /*executor*/) {
  // clang-format off
  announce("generator", Place()); co_yield 1;
  // clang-format on
}

coro<void> after_yields(asio::any_io_executor executor) {
  auto numbers = yield_in_coro(executor);
  co_await numbers;
  Timer timer(executor, kForever);
  XGOPS_AWAIT("asynchronous operation", timer.async_wait(use_coro));
}

coro<void> throw_in_coro(asio::any_io_executor /*executor*/) {
  throw 1;
  co_return;
}

coro<void> after_exception_in_coro(asio::any_io_executor executor) {
  auto thrower = throw_in_coro(executor);
  try {
    co_await thrower;
  } catch (int) {
  }
  Timer timer(executor, kForever);
  XGOPS_AWAIT("asynchronous operation", timer.async_wait(use_coro));
}

coro<void> await_elsewhere(asio::any_io_executor /*executor*/, coro<void>& other) {
  XGOPS_AWAIT("join", other);
}

asio::awaitable<void> resume_coro(coro<void>& waiting) {
  XGOPS_AWAIT("generator", waiting.async_resume(asio::use_awaitable));
}

}  // namespace

void spawn_coros(Scene& scene) {
  const asio::any_io_executor io = scene.io.get_executor();
  static auto waits = wait_in_coro(io);
  waits.async_resume(asio::detached);
  static auto calls = call_coro(io);
  calls.async_resume(asio::detached);
  static auto yields = yield_in_coro(io);
  yields.async_resume([](const std::exception_ptr&, std::optional<int>) {});
  static auto yielded = after_yields(io);
  yielded.async_resume(asio::detached);
  static auto caught = after_exception_in_coro(io);
  caught.async_resume(asio::detached);
  static auto elsewhere = wait_in_coro(scene.pool.get_executor());
  static auto awaits = await_elsewhere(io, elsewhere);
  awaits.async_resume(asio::detached);
  static auto resumed = wait_in_coro(io);
  asio::co_spawn(scene.io, resume_coro(resumed), asio::detached);
}

}  // namespace kinds
