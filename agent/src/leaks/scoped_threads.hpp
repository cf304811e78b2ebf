// SPDX-License-Identifier: MIT
// Threads that were created within the scope of a leak check.
#pragma once

#include "tasks/details.hpp"
#include "tasks/leak_scopes.hpp"
#include "xgops/result.hpp"

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
  tasks::DetailTable::CreationStack created_at;
};

/// All that live. Thread safety: all of it; callers take turns.
class ScopedThreads {
 public:
  constexpr ScopedThreads() noexcept = default;

  /// The calling thread begins; it is counted in the scope already. Throws std::bad_alloc.
  void add(const ScopedThread& thread);
  /// The calling thread ends.
  void remove(pid_t tid) noexcept;
  [[nodiscard]] std::vector<ScopedThread> all() const;

  void lock() const noexcept { ::pthread_mutex_lock(&mutex_); }
  void unlock() const noexcept { ::pthread_mutex_unlock(&mutex_); }

 private:
  struct Node {
    ScopedThread thread;
    Node* next = nullptr;
  };
  mutable pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  Node* first_ = nullptr;
};

/// The ones of this process.
[[nodiscard]] ScopedThreads& scoped_threads() noexcept;

/// A service thread (see support/service_thread.hpp) of our own, which belongs to no scope.
Result<pthread_t> start_outside_of_scopes(void* (*run)(void*), void* argument);

}  // namespace xgops::leaks
