// SPDX-License-Identifier: MIT
#include "support/sync/once.hpp"

namespace xgops::test::sync {
namespace {

constexpr WaitKind kOnce{WaitReason::kCallOnce};

}  // namespace

Task<> Once::call(std::function<Task<>()> function) {
  if (!co_await First(*this)) {
    co_return;
  }
  const Completion completion(*this);
  co_await function();
}

Once::First::~First() {
  if (queued_) {
    const std::scoped_lock lock(once_.mutex_);
    once_.queue_.remove(waiter_);
  }
}

bool Once::First::await_ready() {
  const std::scoped_lock lock(once_.mutex_);
  if (once_.state_ == State::kNew) {
    once_.state_ = State::kRunning;
    once_.runner_.set_current();
    is_first_ = true;
  }
  return is_first_ || once_.state_ == State::kDone;
}

bool Once::First::await_suspend(std::coroutine_handle<> coroutine) {
  waiter_.remember(coroutine, announce_wait(kOnce, once_.runner_));
  const std::scoped_lock lock(once_.mutex_);
  if (once_.state_ == State::kDone) {
    return false;
  }
  queued_ = true;
  once_.queue_.push(waiter_);
  return true;
}

Once::Completion::~Completion() {
  const std::scoped_lock lock(once_.mutex_);
  once_.state_ = State::kDone;
  once_.runner_.clear();
  once_.queue_.wake_all();
}

}  // namespace xgops::test::sync
