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
    if (!lock_.written_ && lock_.writers_.empty()) {
      lock_.admit_waiting_readers();  // This writer alone may have kept them out.
    }
    lock_.show_who_keeps_readers_out();
  }
}

bool RwLock::Awaiter::await_suspend(std::coroutine_handle<> coroutine) {
  waiter_.remember(coroutine, mode_ == Mode::kRead ? announce_wait(kRead, lock_.barrier_)
                                                   : announce_wait(kWrite, lock_.holders_));
  const std::scoped_lock lock(lock_.mutex_);
  if (lock_.take(mode_, waiter_.wait.task())) {
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
    barrier_.set_task(writers_.empty() ? 0 : writers_.front().wait.task());
  }
}

void RwLock::read_unlock() {
  const std::scoped_lock lock(mutex_);
  if (reading_.empty()) {
    throw std::logic_error("read unlock of a lock that nobody reads");
  }
  const auto mine = std::find(reading_.begin(), reading_.end(), current_task_id());
  const auto leaving = mine == reading_.end() ? std::prev(mine) : mine;
  if (reading_.size() == 1 && !writers_.empty()) {
    writers_.front().wait.mark_ready();  // Before the last reader leaves: it would wait for nobody.
  }
  holders_.remove_task(*leaving);
  reading_.erase(leaving);
  if (reading_.empty() && !writers_.empty()) {
    admit_waiting_writer();
  }
}

void RwLock::unlock() {
  const std::scoped_lock lock(mutex_);
  if (!written_) {
    throw std::logic_error("unlock of a lock that nobody writes");
  }
  const bool readers_go_on = !readers_.empty();
  if (readers_go_on) {
    readers_.mark_all_ready();
  } else if (!writers_.empty()) {
    writers_.front().wait.mark_ready();
  }
  written_ = false;
  holders_.remove_task(writer_);
  show_who_keeps_readers_out();
  if (readers_go_on) {
    admit_waiting_readers();
  } else if (!writers_.empty()) {
    admit_waiting_writer();
  }
}

void RwLock::admit_waiting_readers() {
  readers_.mark_all_ready();
  while (!readers_.empty()) {
    const Waiter& next = readers_.pop();
    admit_reader(next.wait.task());
    next.wake();
  }
}

void RwLock::admit_waiting_writer() {
  const Waiter& next = writers_.pop();
  next.wait.mark_ready();
  admit_writer(next.wait.task());
  next.wake();
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
