// SPDX-License-Identifier: MIT
#include "support/sync/wait_group.hpp"

#include <stdexcept>

namespace xgops::test::sync {
namespace {

constexpr WaitKind kWaitGroup{WaitReason::kWaitGroup};
constexpr WaitKind kGate{"gate"};  // A kind that nobody else has: in words of our own.

}  // namespace

WaitGroup::Awaiter::~Awaiter() {
  if (queued_) {
    const std::scoped_lock lock(group_.mutex_);
    group_.queue_.remove(waiter_);
  }
}

bool WaitGroup::Awaiter::await_suspend(std::coroutine_handle<> coroutine) {
  waiter_.remember(coroutine, announce_wait(kind_, group_.members_));
  const std::scoped_lock lock(group_.mutex_);
  if (group_.count_ == 0) {
    return false;
  }
  queued_ = true;
  group_.queue_.push(waiter_);
  return true;
}

WaitGroup::Awaiter WaitGroup::wait() noexcept {
  return {*this, kWaitGroup};
}

void WaitGroup::add(std::int64_t count) {
  const std::scoped_lock lock(mutex_);
  change(count);
}

void WaitGroup::done() {
  const std::scoped_lock lock(mutex_);
  if (count_ == 1) {
    queue_.mark_all_ready();  // Before the last member leaves: they would wait for nobody.
  }
  members_.remove_current();
  change(-1);
}

void WaitGroup::change(std::int64_t count) {
  if (count_ + count < 0) {
    throw std::logic_error("a wait group's counter became negative");
  }
  count_ += count;
  if (count_ == 0) {
    queue_.wake_all();
  }
}

std::int64_t WaitGroup::count() const {
  const std::scoped_lock lock(mutex_);
  return count_;
}

WaitGroup::Awaiter Gate::wait() noexcept {
  return {closed_, kGate};
}

}  // namespace xgops::test::sync
