// SPDX-License-Identifier: MIT
// One running agent: its thread, and what the thread serves with.
#pragma once

#include "settings.hpp"
#include "support/event.hpp"
#include "support/fd_table.hpp"
#include "support/guarded_fd.hpp"
#include "support/log.hpp"
#include "tasks/source.hpp"
#include "threads/capture.hpp"
#include "xgops/result.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <pthread.h>
#include <sys/types.h>

namespace xgops::agent {

/// What was found out once, on the thread that started the agent. Forked children use it too: they
/// may not ask the loader.
struct Setup {
  Settings settings;
  std::shared_ptr<const threads::Runtime> runtime;
  int signal = 0;              ///< For running threads, handler installed; 0: none.
  std::string signal_problem;  ///< Why there is none although one was wanted.
  tasks::TaskSource tasks;
  std::string task_problem;  ///< Why tasks are not shown although there may be some.
  std::size_t stack_bytes = 0;
  int seccomp_mode = 0;  ///< As prctl(PR_GET_SECCOMP) gave it: containers begin with a filter.
};

class Instance {
 public:
  using Clock = std::chrono::steady_clock;

  /// `delay`: how long the thread sleeps before it opens anything.
  explicit Instance(std::shared_ptr<const Setup> setup, std::chrono::milliseconds delay = {});
  ~Instance() = default;
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  /// Starts the thread. Errors: those of pthread_create.
  Result<void> launch();
  /// Waits until the socket accepts connections. Errors: what prevented it; `timed_out`.
  Result<void> wait_ready(Clock::time_point deadline);
  /// Tells the thread to end and waits for that. False: it cannot be woken, or still runs at the
  /// deadline, so the object must stay for ever.
  [[nodiscard]] bool stop(Clock::time_point deadline) noexcept;
  /// At the end of the process: removes the socket's file and leaves the thread to the kernel.
  void leave() noexcept;

  /// Makes `other` reachable from here, for tools that look for leaks.
  void remember(Instance* other) noexcept { remembered_ = other; }

  [[nodiscard]] const std::shared_ptr<const Setup>& setup() const noexcept { return setup_; }
  /// The process that this agent belongs to.
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Its thread; 0: not started yet.
  [[nodiscard]] pid_t tid() const noexcept { return tid_.load(std::memory_order_acquire); }
  [[nodiscard]] bool is_serving() const noexcept;
  /// Empty while it does not serve.
  [[nodiscard]] std::string socket_path() const;

  /// In a forked child: lets go of the parent's listening socket, which a shared descriptor table
  /// hands down. Async-signal-safe.
  void release_inherited_socket() noexcept;

 private:
  struct Service;

  static void* run(void* self) noexcept;
  void serve();
  Result<void> serve_until_stopped(support::FdTable table, support::Log& log);
  Result<std::unique_ptr<Service>> prepare(support::FdTable table);
  /// False: it cannot be reached.
  [[nodiscard]] bool wake() const noexcept;

  const std::shared_ptr<const Setup> setup_;
  const std::chrono::milliseconds delay_;
  const pid_t pid_;
  Instance* remembered_ = nullptr;
  std::atomic<pid_t> tid_{0};
  pthread_t thread_{};
  support::Event stop_;
  support::Event ready_;          ///< `failure_` and `socket_path_` do not change any more.
  support::Event finished_;       ///< The thread does not use this object any more.
  std::optional<Error> failure_;  ///< Why it never served.
  std::string socket_path_;
  std::atomic<int> shared_listener_{-1};  ///< Only in a shared table.
  support::FileIdentity shared_listener_identity_;
};

}  // namespace xgops::agent
