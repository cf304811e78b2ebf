// SPDX-License-Identifier: MIT
// Waiting for what a lock protects to change.
#pragma once

#include "support/sync/mutex.hpp"
#include "support/sync/waiter.hpp"

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace xgops::test::sync {

/// sync.Cond of Go, for a `Mutex` or the writing side of an `RwLock`.
template <class Lock>
class Condition {
 public:
  explicit Condition(Lock& lock) noexcept : lock_(lock) {}
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;

  /// Gives the lock back, waits for a notification, takes the lock again. A notification that comes
  /// while nobody waits is lost.
  Task<> wait() {
    co_await Notification(*this);
    co_await lock_.lock();
  }
  void notify_one() {
    const std::scoped_lock lock(mutex_);
    if (!queue_.empty()) {
      queue_.pop().wake();
    }
  }
  void notify_all() {
    const std::scoped_lock lock(mutex_);
    queue_.wake_all();
  }

  /// The task with this id may notify. Without notifiers, anybody may.
  void add_notifier(std::uint64_t task) { notifiers_.add_task(task); }
  /// Only notifiers will. Before anybody waits.
  void seal_notifiers() noexcept {
    notifiers_.seal();
    is_sealed_ = true;
  }

  [[nodiscard]] std::size_t waiting() const {
    const std::scoped_lock lock(mutex_);
    return queue_.size();
  }

 private:
  class Notification {
   public:
    explicit Notification(Condition& condition) noexcept : condition_(condition) {}
    ~Notification() {
      if (queued_) {
        const std::scoped_lock lock(condition_.mutex_);
        condition_.queue_.remove(waiter_);
      }
    }
    Notification(const Notification&) = delete;
    Notification& operator=(const Notification&) = delete;

    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) {
      static constexpr WaitKind kWait{WaitReason::kConditionWait};
      waiter_.remember(coroutine, condition_.is_sealed_
                                      ? announce_wait(kWait, condition_.notifiers_)
                                      : announce_wait(kWait, &condition_));
      // Once in the queue, the task may go on elsewhere and end: this object is not ours any more.
      Lock& held = condition_.lock_;
      {
        const std::scoped_lock lock(condition_.mutex_);
        queued_ = true;
        condition_.queue_.push(waiter_);
      }
      held.unlock();
    }
    void await_resume() noexcept {}

   private:
    Condition& condition_;
    Waiter waiter_;
    bool queued_ = false;
  };

  Lock& lock_;
  mutable std::mutex mutex_;
  WaitQueue queue_;
  HolderSet notifiers_{HolderSet::Ends::kOneActs};
  std::atomic<bool> is_sealed_{false};
};

}  // namespace xgops::test::sync
