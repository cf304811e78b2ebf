// SPDX-License-Identifier: MIT
// What the primitives share: suspended tasks in the order in which they came.
#pragma once

#include "support/sync/executor.hpp"
#include "xgops/tasks.hpp"

#include <cassert>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <list>

namespace xgops::test::sync {

/// A task that waits. Lies in its awaiter, and so in the coroutine's frame.
struct Waiter {
  std::coroutine_handle<> coroutine;
  Executor* executor = nullptr;
  AnnouncedWait wait;

  /// To be called in `await_suspend`, with what the wait was announced as.
  void remember(std::coroutine_handle<> handle, const AnnouncedWait& announced) noexcept {
    assert(Executor::current() != nullptr && "a primitive was awaited outside of an Executor");
    coroutine = handle;
    executor = Executor::current();
    wait = announced;
  }
  /// Last of all: others may see the task run from here on.
  void wake() const {
    wait.mark_ready();
    executor->post(coroutine);
  }
};

/// Waiters in the order in which they came. To be used under its primitive's lock.
class WaitQueue {
 public:
  void push(Waiter& waiter) { waiters_.push_back(&waiter); }
  /// There must be one.
  Waiter& pop() {
    Waiter& first = *waiters_.front();
    waiters_.pop_front();
    return first;
  }
  /// There must be one.
  [[nodiscard]] const Waiter& front() const { return *waiters_.front(); }
  void remove(Waiter& waiter) { waiters_.remove(&waiter); }
  [[nodiscard]] bool empty() const noexcept { return waiters_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return waiters_.size(); }

  void mark_all_ready() const {
    for (const Waiter* const waiter : waiters_) {
      waiter->wait.mark_ready();
    }
  }
  void wake_all() {
    while (!empty()) {
      pop().wake();
    }
  }

 private:
  std::list<Waiter*> waiters_;
};

}  // namespace xgops::test::sync
