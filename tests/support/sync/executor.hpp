// SPDX-License-Identifier: MIT
// Runs the tasks of a test: on threads of its own, or one step at a time on the test's.
#pragma once

#include "support/sync/task.hpp"

#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <list>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace xgops::test::sync {

/// Runs tasks in the order in which they become ready. Those that still wait when it is destroyed
/// are destroyed with it, so what they wait for must be declared before it.
///
/// Thread safety: all of it, but for the destructor.
class Executor {
 public:
  /// Without workers nothing runs but in `run_one` and `run_until_idle`: the order of all steps is
  /// the test's choice.
  explicit Executor(unsigned workers = 0);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Queues a task. Returns its id.
  std::uint64_t spawn(Task<> task);
  /// Queues a suspended coroutine.
  void post(std::coroutine_handle<> coroutine);

  /// Runs one coroutine until it waits. False: none was ready.
  bool run_one();
  /// Until nothing is ready and nothing runs. Throws what a spawned task threw.
  void run_until_idle();

  /// Spawned tasks that have not ended.
  [[nodiscard]] std::size_t unfinished() const;

  /// Whose coroutine runs on this thread; null: nobody's.
  static Executor* current() noexcept;

 private:
  friend struct PromiseBase;

  void work();
  void run(std::coroutine_handle<> coroutine);
  void note_end(std::coroutine_handle<> task, std::exception_ptr error) noexcept;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::list<std::coroutine_handle<>>
      ready_;  ///< Unlike a deque it keeps nothing of those that ran.
  /// Frames of spawned tasks that have not ended: complements of their addresses. Only the
  /// destructor needs them, and who looks through memory for those that could still wake a task
  /// must not take this list for one.
  std::set<std::uintptr_t> tasks_;
  std::exception_ptr error_;
  unsigned running_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace xgops::test::sync
