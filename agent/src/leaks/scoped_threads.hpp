// SPDX-License-Identifier: MIT
// Threads that were created within the scope of a leak check.
#pragma once

#include "tasks/details.hpp"
#include "tasks/leak_scopes.hpp"
#include "xgops/result.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

#include <pthread.h>
#include <sys/types.h>

namespace xgops::leaks {

struct ScopedThread {
  pid_t tid = 0;
  pid_t creator = 0;
  std::uint64_t creator_task = 0;  ///< 0: none.
  tasks::LeakScope scope = 0;
  bool is_of_run = false;  ///< It is in `kRunScope`, whatever else it is in.
  tasks::DetailTable::CreationStack created_at;
};

/// What a thread is told by who creates it; lives until the thread has ended.
struct ThreadBirth {
  void* (*run)(void*) = nullptr;
  void* argument = nullptr;
  ScopedThread thread;  ///< `tid` is 0 until it runs.
  ThreadBirth* previous = nullptr;
  ThreadBirth* next = nullptr;
};

/// All that live, each counted in its scope exactly as long as it is in here, also for a child that
/// is forked at any moment. Thread safety: all of it; callers take turns. Takes the lock of
/// `LeakScopes` inside its own.
class ScopedThreads {
 public:
  constexpr ScopedThreads() noexcept = default;

  /// For who creates the thread; false: its scope is gone.
  [[nodiscard]] bool add(ThreadBirth& birth) noexcept;
  /// The calling thread is the one.
  void begin(ThreadBirth& birth) noexcept;
  void remove(ThreadBirth& birth) noexcept;
  /// Of this forked child, where no other exists; `own` may be null.
  void keep_only(ThreadBirth* own) noexcept;
  /// Those that run.
  [[nodiscard]] std::vector<ScopedThread> all() const;
  /// How many live in the run, without the one that has this id.
  [[nodiscard]] std::uint64_t count_of_run(pid_t except) const;
  /// Whether the thread lives in `scope`, or in one within it.
  [[nodiscard]] bool is_within(pid_t tid, tasks::LeakScope scope) const;

  void lock() const noexcept { ::pthread_mutex_lock(&mutex_); }
  void unlock() const noexcept { ::pthread_mutex_unlock(&mutex_); }

 private:
  mutable pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  ThreadBirth* first_ = nullptr;
};

/// The ones of this process.
[[nodiscard]] ScopedThreads& scoped_threads() noexcept;

/// Whether threads that the calling one creates from now on, and those that they create, are of the
/// run.
void set_in_run(bool in_run) noexcept;

/// While it lives, threads that the calling one creates belong to no scope. Takes no lock: a forked
/// child may not have them yet.
class OutsideOfScopes {
 public:
  OutsideOfScopes() noexcept;
  ~OutsideOfScopes();
  OutsideOfScopes(const OutsideOfScopes&) = delete;
  OutsideOfScopes& operator=(const OutsideOfScopes&) = delete;

 private:
  std::uintptr_t task_;
  tasks::LeakScope scope_;
  bool is_of_run_;
};

/// A service thread (see support/service_thread.hpp) of our own, which belongs to no scope.
Result<pthread_t> start_outside_of_scopes(void* (*run)(void*), void* argument,
                                          std::size_t stack_bytes);

}  // namespace xgops::leaks
