// SPDX-License-Identifier: MIT
// The coroutine type of our tests: lazy, and a task or a frame of one by xgops::TaskPromise.
#pragma once

#include "xgops/task_promise.hpp"

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace xgops::test::sync {

class Executor;

/// What all promises have, whatever they return.
struct PromiseBase : TaskPromise {
  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
      return self.promise().next(self);
    }
    void await_resume() noexcept {}
  };

  // The two lines that make it a task: when it starts and when it ends.
  auto initial_suspend() noexcept { return starts(std::suspend_always{}); }
  auto final_suspend() noexcept { return ends(FinalAwaiter{}); }
  void unhandled_exception() noexcept { error = std::current_exception(); }

  /// Who goes on once this coroutine is at its end.
  std::coroutine_handle<> next(std::coroutine_handle<> self) noexcept;

  std::coroutine_handle<> caller;
  Executor* executor = nullptr;  ///< Of a spawned task.
  std::exception_ptr error;
};

template <class T>
struct Promise;

/// Starts when it is awaited or spawned; its exceptions reach who awaits it.
template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) noexcept : handle_(handle) {}
  ~Task() {
    if (handle_) {
      handle_.destroy();
    }
  }
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  // An awaiter whose `await_suspend` returns the typed handle of a coroutine that has not run yet
  // is recognised as a call: nothing else needs to be said.
  bool await_ready() noexcept { return false; }
  Handle await_suspend(std::coroutine_handle<> caller) noexcept {
    handle_.promise().caller = caller;
    return handle_;
  }
  T await_resume() {
    if (handle_.promise().error) {
      std::rethrow_exception(handle_.promise().error);
    }
    return handle_.promise().take();
  }

  /// The caller destroys it.
  Handle release() noexcept { return std::exchange(handle_, {}); }

 private:
  Handle handle_;
};

template <class T>
struct Promise final : PromiseBase {
  Task<T> get_return_object() { return Task<T>(Task<T>::Handle::from_promise(*this)); }
  void return_value(T value) { result = std::move(value); }
  T take() { return std::move(*result); }
  std::optional<T> result;
};

template <>
struct Promise<void> final : PromiseBase {
  Task<> get_return_object() { return Task<>(Task<>::Handle::from_promise(*this)); }
  void return_void() noexcept {}
  void take() noexcept {}
};

}  // namespace xgops::test::sync
