// SPDX-License-Identifier: MIT
// What the parts of asio_kinds share: each task says what it is about to wait for, and where.
#pragma once

#include <asio.hpp>

#include <chrono>
#include <cstdint>

namespace kinds {

using Clock = std::chrono::steady_clock;
inline constexpr std::chrono::hours kForever{24};

template <class Executor>
using TimerOn = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;
using Timer = TimerOn<asio::any_io_executor>;

/// Where it is made; not std::source_location, which Clang 14 has not.
struct Place {
  const char* file;
  const char* function;
  unsigned line;

  explicit Place(const char* in_file = __builtin_FILE(),
                 const char* in_function = __builtin_FUNCTION(), unsigned at = __builtin_LINE())
      : file(in_file), function(in_function), line(at) {}
};

/// Prints what the running task is expected to show from now on.
void announce(const char* wait, const Place& where);

/// The same for a task that never runs, found by the line that creates it.
void announce_created(const char* wait, const Place& where);

/// Awaits `operation`, having announced it; both stand on the line of the macro. Two statements:
/// GCC 12 forgets what stands before a comma and a co_await.
#define XGOPS_AWAIT(wait, operation)     \
  kinds::announce(wait, kinds::Place()); \
  co_await operation

/// What the main program runs, and keeps until the end.
struct Scene {
  asio::io_context io{1};
  asio::io_context never_run{1};
  asio::thread_pool pool{1};
};

void spawn_executors(Scene& scene);
void spawn_tokens(Scene& scene);
void spawn_groups(Scene& scene);
void spawn_input_output(Scene& scene);
void spawn_channels(Scene& scene);
void spawn_coros(Scene& scene);
void spawn_states(Scene& scene);

}  // namespace kinds
