// SPDX-License-Identifier: MIT
#include "support/sync/rw_lock.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

namespace xgops::test::sync {
namespace {

constexpr WaitKind kRead{WaitReason::kRwlockRead};
constexpr WaitKind kWrite{WaitReason::kRwlockWrite};

}  // namespace

RwLock::Awaiter::~Awaiter() {
  if (queued_) {
    const std::scoped_lock lock(lock_.mutex_);
    lock_.readers_.remove(waiter_);
    lock_.writers_.remove(waiter_);
    lock_.show_who_keeps_readers_out();
  }
}

bool RwLock::Awaiter::await_suspend(std::coroutine_handle<> coroutine) {
  if (mode_ == Mode::kRead) {
    announce_wait(kRead, lock_.barrier_);
  } else {
    announce_wait(kWrite, lock_.holders_);
  }
  waiter_.remember(coroutine);
  const std::scoped_lock lock(lock_.mutex_);
  if (lock_.take(mode_, waiter_.task)) {
    return false;
  }
  queued_ = true;
  (mode_ == Mode::kRead ? lock_.readers_ : lock_.writers_).push(waiter_);
  lock_.show_who_keeps_readers_out();
  return true;
}

bool RwLock::take(Mode mode, std::uint64_t task) {
  if (written_ || !writers_.empty()) {
    return false;
  }
  if (mode == Mode::kRead) {
    admit_reader(task);
    return true;
  }
  if (!reading_.empty()) {
    return false;
  }
  admit_writer(task);
  return true;
}

void RwLock::admit_reader(std::uint64_t task) {
  reading_.push_back(task);
  holders_.add_task(task);
}

void RwLock::admit_writer(std::uint64_t task) {
  written_ = true;
  holders_.add_task(task);
  writer_ = task;
  show_who_keeps_readers_out();
}

void RwLock::show_who_keeps_readers_out() noexcept {
  if (written_) {
    barrier_.set_task(writer_);
  } else {
    barrier_.set_task(writers_.empty() ? 0 : writers_.front().task);
  }
}

void RwLock::read_unlock() {
  const std::scoped_lock lock(mutex_);
  if (reading_.empty()) {
    throw std::logic_error("read unlock of a lock that nobody reads");
  }
  const auto mine = std::find(reading_.begin(), reading_.end(), current_task_id());
  const auto leaving = mine == reading_.end() ? std::prev(mine) : mine;
  holders_.remove_task(*leaving);
  reading_.erase(leaving);
  if (reading_.empty() && !writers_.empty()) {
    const Waiter& next = writers_.pop();
    admit_writer(next.task);
    next.wake();
  }
}

void RwLock::unlock() {
  const std::scoped_lock lock(mutex_);
  if (!written_) {
    throw std::logic_error("unlock of a lock that nobody writes");
  }
  written_ = false;
  holders_.remove_task(writer_);
  show_who_keeps_readers_out();
  if (readers_.empty()) {
    if (!writers_.empty()) {
      const Waiter& next = writers_.pop();
      admit_writer(next.task);
      next.wake();
    }
    return;
  }
  while (!readers_.empty()) {
    const Waiter& next = readers_.pop();
    admit_reader(next.task);
    next.wake();
  }
}

std::size_t RwLock::waiting_readers() const {
  const std::scoped_lock lock(mutex_);
  return readers_.size();
}

std::size_t RwLock::waiting_writers() const {
  const std::scoped_lock lock(mutex_);
  return writers_.size();
}

}  // namespace xgops::test::sync
