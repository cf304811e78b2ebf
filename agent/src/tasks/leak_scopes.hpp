// SPDX-License-Identifier: MIT
// Which tasks and threads were made on behalf of which leak check.
#pragma once

#include <cstddef>
#include <cstdint>

#include <pthread.h>

namespace xgops::tasks {

/// Names a scope; 0: none. A number that was given out once names nothing else for a long time.
using LeakScope = std::uint32_t;

/// Has all threads of the run of `xgops test`, and no tasks: it is in no table, which a program may
/// have of its own.
constexpr LeakScope kRunScope = 0xffff;

/// The scopes of all leak checks, each with the number of what lives in it. A scope may lie within
/// another: what is made in the inner one is in both. A scope that is closed stays as long as
/// something lives in it or may still be made in it, by the handler of an operation that began
/// there.
///
/// Thread safety: all of it; callers take turns. Cost: 20 ns.
class LeakScopes {
 public:
  static constexpr std::size_t kMost = 65'534;

  constexpr LeakScopes() noexcept = default;
  LeakScopes(const LeakScopes&) = delete;
  LeakScopes& operator=(const LeakScopes&) = delete;

  /// 0: there are too many, or there is no memory.
  [[nodiscard]] LeakScope open(LeakScope outer) noexcept;
  void close(LeakScope scope) noexcept;
  /// One more task or thread in `scope`; false: there is no such scope any more.
  bool enter(LeakScope scope) noexcept;
  void leave(LeakScope scope) noexcept;
  /// Keeps it, for what is not counted and may make something later; false: there is no such scope.
  bool hold(LeakScope scope) noexcept;
  void release(LeakScope scope) noexcept;
  /// How many live in it and in those within it.
  [[nodiscard]] std::uint64_t live(LeakScope scope) noexcept;
  /// Whether `scope` is `outer`, or lies within it.
  [[nodiscard]] bool is_within(LeakScope scope, LeakScope outer) noexcept;

  void lock() noexcept { ::pthread_mutex_lock(&mutex_); }
  void unlock() noexcept { ::pthread_mutex_unlock(&mutex_); }

 private:
  struct Entry {
    std::uint64_t live = 0;
    std::uint32_t inner = 0;  ///< Scopes within it that still exist.
    std::uint32_t held = 0;
    std::uint16_t generation = 0;
    std::uint16_t outer = 0;  ///< Index; 0: none.
    std::uint16_t next_free = 0;
    bool is_open = false;
    bool exists = false;
  };

  [[nodiscard]] Entry* find(LeakScope scope) noexcept;
  void drop_unused(std::uint16_t index) noexcept;

  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  Entry* entries_ = nullptr;  ///< `kMost` + 1 of them, zeroed pages until they are used.
  std::uint32_t open_ = 0;
  std::uint16_t used_ = 0;
  std::uint16_t first_free_ = 0;
};

/// The ones of this process.
[[nodiscard]] LeakScopes& leak_scopes() noexcept;

/// Of what runs on this thread: the task's, or else the thread's own.
[[nodiscard]] LeakScope current_leak_scope() noexcept;

}  // namespace xgops::tasks
