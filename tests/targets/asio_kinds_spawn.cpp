// SPDX-License-Identifier: MIT
// Tasks on every executor, by every token, in groups, and in every state.
#include "asio_kinds.hpp"

#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/experimental/deferred.hpp>
#include <asio/experimental/parallel_group.hpp>

#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace kinds {
namespace {

using asio::awaitable;
using asio::co_spawn;
using asio::detached;
using asio::use_awaitable;
namespace this_coro = asio::this_coro;

template <class Executor>
awaitable<void, Executor> wait_on_executor() {
  TimerOn<Executor> timer(co_await this_coro::executor, kForever);
  XGOPS_AWAIT("timer", timer.async_wait(asio::use_awaitable_t<Executor>()));
}

awaitable<void> wait_for_timer() {
  Timer timer(co_await this_coro::executor, kForever);
  XGOPS_AWAIT("timer", timer.async_wait(use_awaitable));
}

awaitable<int> result_after_timer() {
  co_await wait_for_timer();
  co_return 1;
}

awaitable<void> join_awaitable() {
  const auto executor = co_await this_coro::executor;
  XGOPS_AWAIT("join", co_spawn(executor, result_after_timer(), use_awaitable));
}

awaitable<void> join_as_tuple() {
  const auto executor = co_await this_coro::executor;
  using asio::experimental::as_tuple;
  XGOPS_AWAIT("join", co_spawn(executor, result_after_timer(), as_tuple(use_awaitable)));
}

awaitable<void> join_deferred() {
  const auto executor = co_await this_coro::executor;
  auto deferred = co_spawn(executor, result_after_timer(), asio::experimental::deferred);
  XGOPS_AWAIT("join", std::move(deferred)(use_awaitable));
}

awaitable<void> all_of_two() {
  using namespace asio::experimental::awaitable_operators;
  XGOPS_AWAIT("all of several operations", (wait_for_timer() && wait_for_timer()));
}

awaitable<void> first_of_two() {
  using namespace asio::experimental::awaitable_operators;
  XGOPS_AWAIT("first of several operations", (wait_for_timer() || wait_for_timer()));
}

template <class Condition>
awaitable<void> group(const char* wait, Condition condition) {
  Timer first(co_await this_coro::executor, kForever);
  Timer second(co_await this_coro::executor, kForever);
  using asio::experimental::deferred;
  auto both = asio::experimental::make_parallel_group(first.async_wait(deferred),
                                                      second.async_wait(deferred));
  XGOPS_AWAIT(wait, both.async_wait(condition, use_awaitable));
}

awaitable<std::unique_ptr<int>> move_only() {
  Timer timer(co_await this_coro::executor, kForever);
  XGOPS_AWAIT("timer", timer.async_wait(use_awaitable));
  co_return std::make_unique<int>(1);
}

awaitable<void> take_move_only() {
  co_await move_only();
}

awaitable<void> throws() {
  co_await asio::post(co_await this_coro::executor, use_awaitable);
  throw std::runtime_error("thrown by a task");
}

awaitable<void> after_exception() {
  try {
    co_await throws();
  } catch (const std::runtime_error&) {
  }
  try {
    co_await co_spawn(co_await this_coro::executor, throws(), use_awaitable);
  } catch (const std::runtime_error&) {
  }
  co_await wait_for_timer();
}

awaitable<void> after_cancellation() {
  using namespace asio::experimental::awaitable_operators;
  Timer soon(co_await this_coro::executor, std::chrono::milliseconds(0));
  Timer late(co_await this_coro::executor, kForever);
  co_await (soon.async_wait(use_awaitable) || late.async_wait(use_awaitable));
  co_await wait_for_timer();
}

std::mutex g_taken;  // By the main thread.

awaitable<void> blocked_in_mutex(std::promise<void>& running) {
  announce("", Place());
  running.set_value();
  const std::lock_guard lock(g_taken);
  co_return;
}

awaitable<void> calls_blocked(std::promise<void>& running) {
  co_await blocked_in_mutex(running);
}

awaitable<void> queued_on(asio::strand<asio::thread_pool::executor_type> strand) {
  XGOPS_AWAIT("queued", asio::post(strand, use_awaitable));
}

}  // namespace

void spawn_executors(Scene& scene) {
  static asio::thread_pool other_pool(1);
  const auto io = scene.io.get_executor();
  co_spawn(io, wait_on_executor<asio::io_context::executor_type>(), detached);
  co_spawn(scene.io, wait_on_executor<asio::any_io_executor>(), detached);
  auto strand = asio::make_strand(io);
  co_spawn(strand, wait_on_executor<decltype(strand)>(), detached);
  std::promise<void> waits;
  co_spawn(other_pool, wait_on_executor<asio::thread_pool::executor_type>(), detached);
  asio::post(other_pool, [&] { waits.set_value(); });
  waits.get_future().wait();
}

void spawn_tokens(Scene& scene) {
  co_spawn(scene.io, wait_for_timer(), detached);
  static auto future = co_spawn(scene.io, result_after_timer(), asio::use_future);
  co_spawn(scene.io, result_after_timer(), [](const std::exception_ptr&, int) {});
  co_spawn(
      scene.io, [] { return wait_for_timer(); }, detached);
  co_spawn(scene.io, join_awaitable(), detached);
  co_spawn(scene.io, join_as_tuple(), detached);
  co_spawn(scene.io, join_deferred(), detached);
  static asio::cancellation_signal signal;
  co_spawn(scene.io, wait_for_timer(), asio::bind_cancellation_slot(signal.slot(), detached));
  co_spawn(scene.io, take_move_only(), detached);
  co_spawn(scene.io, after_exception(), detached);
}

void spawn_groups(Scene& scene) {
  using namespace asio::experimental;
  co_spawn(scene.io, all_of_two(), detached);
  co_spawn(scene.io, first_of_two(), detached);
  co_spawn(scene.io, group("all of several operations", wait_for_all()), detached);
  co_spawn(scene.io, group("all of several operations", wait_for_one_error()), detached);
  co_spawn(scene.io, group("first of several operations", wait_for_one()), detached);
  co_spawn(scene.io, group("first of several operations", wait_for_one_success()), detached);
  co_spawn(scene.io, after_cancellation(), detached);
}

void spawn_states(Scene& scene) {
  announce_created("queued", Place());
  co_spawn(scene.never_run, wait_for_timer(), detached);
  static std::promise<void> running;
  g_taken.lock();
  auto strand = asio::make_strand(scene.pool.get_executor());
  co_spawn(strand, calls_blocked(running), detached);
  running.get_future().wait();
  co_spawn(scene.io, queued_on(strand), detached);
}

}  // namespace kinds
