// SPDX-License-Identifier: MIT
// A coroutine type that does as little as one can: what a program of its own might have.
#pragma once

#include "xgops/tasks.hpp"

#include <coroutine>
#include <cstdint>
#include <utility>

namespace xgops::test {

/// Lazy; `start` runs it until it first waits. Who awaits one that was started waits for its end.
class OwnTask {
 public:
  struct promise_type : TaskPromise {
    struct FinalAwaiter {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
        const auto next = self.promise().next;
        return next ? next : std::noop_coroutine();
      }
      void await_resume() noexcept {}
    };

    OwnTask get_return_object() { return OwnTask(Handle::from_promise(*this)); }
    auto initial_suspend() noexcept { return starts(std::suspend_always{}); }
    auto final_suspend() noexcept { return ends(FinalAwaiter{}); }
    void return_void() noexcept {}
    void unhandled_exception() { throw; }  // Reaches who resumes it, past `final_suspend`.

    std::coroutine_handle<> next;
  };
  using Handle = std::coroutine_handle<promise_type>;

  explicit OwnTask(Handle handle) noexcept : handle_(handle) {}
  ~OwnTask() {
    if (handle_) {
      handle_.destroy();
    }
  }
  OwnTask(OwnTask&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  OwnTask& operator=(OwnTask&&) = delete;
  OwnTask(const OwnTask&) = delete;
  OwnTask& operator=(const OwnTask&) = delete;

  void start() {
    started_ = true;
    handle_.resume();
  }
  void go_on() { handle_.resume(); }
  [[nodiscard]] bool done() const { return handle_.done(); }
  [[nodiscard]] std::uint64_t id() const { return handle_.promise().task_id(); }
  [[nodiscard]] Handle handle() const { return handle_; }

  bool await_ready() noexcept { return handle_.done(); }
  // Untyped: it does not tell that this is a call; `xgops_promise` does.
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> next) noexcept {
    handle_.promise().next = next;
    return started_ ? std::coroutine_handle<>(std::noop_coroutine()) : handle_;
  }
  void await_resume() noexcept {}

  friend TaskPromise& xgops_promise(OwnTask& task) { return task.handle_.promise(); }

 private:
  Handle handle_;
  bool started_ = false;
};

/// Waits until somebody resumes `waiting`.
struct Pause {
  std::coroutine_handle<>& waiting;

  bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) noexcept { waiting = self; }
  void await_resume() noexcept {}
};

}  // namespace xgops::test
