// SPDX-License-Identifier: MIT
// A lock for tasks that says who holds it.
#pragma once

#include "support/sync/waiter.hpp"

#include <coroutine>
#include <cstddef>
#include <mutex>
#include <utility>

namespace xgops::test::sync {

/// sync.Mutex of Go: not recursive, and any task may unlock it. First come, first served.
class Mutex {
 public:
  /// `co_await mutex.lock()` returns once the task holds it.
  class LockAwaiter {
   public:
    explicit LockAwaiter(Mutex& mutex) noexcept : mutex_(mutex) {}
    ~LockAwaiter();
    LockAwaiter(const LockAwaiter&) = delete;
    LockAwaiter& operator=(const LockAwaiter&) = delete;

    bool await_ready() { return mutex_.try_lock(); }
    bool await_suspend(std::coroutine_handle<> coroutine);
    void await_resume() noexcept {}

   protected:
    Mutex& mutex_;

   private:
    Waiter waiter_;
    bool queued_ = false;
  };

  /// Unlocks at the end of its scope.
  class [[nodiscard]] Lock {
   public:
    explicit Lock(Mutex& mutex) noexcept : mutex_(&mutex) {}
    ~Lock() {
      if (mutex_ != nullptr) {
        mutex_->unlock();
      }
    }
    Lock(Lock&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
    Lock& operator=(Lock&&) = delete;
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

   private:
    Mutex* mutex_;
  };
  /// `const auto guard = co_await mutex.scoped();`
  struct ScopedAwaiter : LockAwaiter {
    using LockAwaiter::LockAwaiter;
    Lock await_resume() noexcept { return Lock(mutex_); }
  };

  LockAwaiter lock() noexcept { return LockAwaiter(*this); }
  ScopedAwaiter scoped() noexcept { return ScopedAwaiter(*this); }
  bool try_lock();
  /// Hands it to who waits longest. Throws std::logic_error when nobody holds it.
  void unlock();

  [[nodiscard]] std::size_t waiting() const;

 private:
  mutable std::mutex mutex_;
  WaitQueue queue_;
  bool locked_ = false;
  Holder holder_;
};

}  // namespace xgops::test::sync
