// SPDX-License-Identifier: MIT
#include "support/sync/mutex.hpp"

#include <stdexcept>

namespace xgops::test::sync {
namespace {

constexpr WaitKind kLock{WaitReason::kMutexLock};

}  // namespace

Mutex::LockAwaiter::~LockAwaiter() {
  // Of a task that is destroyed while it waits: what is left of it must not be handed the lock.
  if (queued_) {
    const std::scoped_lock lock(mutex_.mutex_);
    mutex_.queue_.remove(waiter_);
  }
}

bool Mutex::LockAwaiter::await_suspend(std::coroutine_handle<> coroutine) {
  // Once in the queue, the task may run on another thread at any moment: all must be said before.
  waiter_.remember(coroutine, announce_wait(kLock, mutex_.holder_));
  const std::scoped_lock lock(mutex_.mutex_);
  if (!mutex_.locked_) {
    mutex_.locked_ = true;
    mutex_.holder_.set_current();
    return false;
  }
  queued_ = true;
  mutex_.queue_.push(waiter_);
  return true;
}

bool Mutex::try_lock() {
  const std::scoped_lock lock(mutex_);
  if (locked_) {
    return false;
  }
  locked_ = true;
  holder_.set_current();
  return true;
}

void Mutex::unlock() {
  const std::scoped_lock lock(mutex_);
  if (!locked_) {
    throw std::logic_error("unlock of a mutex that nobody holds");
  }
  if (queue_.empty()) {
    locked_ = false;
    holder_.clear();
    return;
  }
  // It is the next one's from now on, though that has not run yet.
  const Waiter& next = queue_.pop();
  holder_.hand_to(next.wait);
  next.wake();
}

std::size_t Mutex::waiting() const {
  const std::scoped_lock lock(mutex_);
  return queue_.size();
}

}  // namespace xgops::test::sync
