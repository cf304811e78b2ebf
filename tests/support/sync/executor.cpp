// SPDX-License-Identifier: MIT
#include "support/sync/executor.hpp"

#include <utility>

namespace xgops::test::sync {
namespace {

thread_local Executor* t_current = nullptr;
// At their ends, to be destroyed by the thread that is just leaving them, and by no other.
thread_local std::vector<std::coroutine_handle<>> t_ended;

std::uintptr_t hidden(std::coroutine_handle<> task) noexcept {
  return ~reinterpret_cast<std::uintptr_t>(task.address());
}

}  // namespace

std::coroutine_handle<> PromiseBase::next(std::coroutine_handle<> self) noexcept {
  if (executor != nullptr) {
    executor->note_end(self, std::move(error));
  }
  return caller ? caller : std::noop_coroutine();
}

Executor* Executor::current() noexcept {
  return t_current;
}

Executor::Executor(unsigned workers) {
  for (unsigned i = 0; i < workers; ++i) {
    workers_.emplace_back([this] { work(); });
  }
}

Executor::~Executor() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& worker : workers_) {
    worker.join();
  }
  // Without the lock: what the frames hold may give way to others, which are queued and never run.
  for (const std::uintptr_t frame : std::exchange(tasks_, {})) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): it is kept as a number.
    std::coroutine_handle<>::from_address(reinterpret_cast<void*>(~frame)).destroy();
  }
}

std::uint64_t Executor::spawn(Task<> task) {
  const auto handle = task.release();
  handle.promise().executor = this;
  const std::uint64_t id = handle.promise().task_id();
  {
    const std::scoped_lock lock(mutex_);
    tasks_.insert(hidden(handle));
  }
  post(handle);
  return id;
}

void Executor::post(std::coroutine_handle<> coroutine) {
  {
    const std::scoped_lock lock(mutex_);
    ready_.push_back(coroutine);
  }
  changed_.notify_all();
}

void Executor::note_end(std::coroutine_handle<> task, std::exception_ptr error) noexcept {
  const std::scoped_lock lock(mutex_);
  tasks_.erase(hidden(task));
  t_ended.push_back(task);
  if (error && !error_) {
    error_ = std::move(error);
  }
}

void Executor::run(std::coroutine_handle<> coroutine) {
  Executor* const before = std::exchange(t_current, this);
  coroutine.resume();
  t_current = before;
  for (const std::coroutine_handle<> task : std::exchange(t_ended, {})) {
    task.destroy();
  }
  {
    const std::scoped_lock lock(mutex_);
    --running_;
  }
  changed_.notify_all();
}

bool Executor::run_one() {
  std::coroutine_handle<> coroutine;
  {
    const std::scoped_lock lock(mutex_);
    if (ready_.empty()) {
      return false;
    }
    coroutine = ready_.front();
    ready_.pop_front();
    ++running_;
  }
  run(coroutine);
  return true;
}

void Executor::work() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !ready_.empty(); });
      if (stopping_) {
        return;
      }
    }
    run_one();
  }
}

void Executor::run_until_idle() {
  while (workers_.empty() && run_one()) {
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ready_.empty() && running_ == 0; });
  if (error_) {
    std::rethrow_exception(std::exchange(error_, {}));
  }
}

std::size_t Executor::unfinished() const {
  const std::scoped_lock lock(mutex_);
  return tasks_.size();
}

}  // namespace xgops::test::sync
