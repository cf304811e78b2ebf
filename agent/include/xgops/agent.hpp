// SPDX-License-Identifier: MIT
// Lets `xgops` look into this process.
#pragma once

#include "xgops/agent_abi.h"
#include "xgops/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

namespace xgops {

/// How to run. The environment overrides each: XGOPS_DIR, XGOPS_LOG, XGOPS_SIGNAL, XGOPS_FORK,
/// XGOPS_DUMPABLE, XGOPS_CRASH_DUMP, XGOPS_DUMP_SIGNAL.
struct AgentOptions {
  /// What happens in a child process made by fork(2).
  enum class OnFork {
    kListen = XGOPS_FORK_LISTEN,  ///< It gets an agent of its own unless it ends, or runs another
                                  ///< program, within 100 ms.
    kSilent = XGOPS_FORK_SILENT,  ///< It has none.
  };
  static constexpr int kDefaultSignal = XGOPS_SIGNAL_DEFAULT;
  static constexpr int kNoSignal = XGOPS_SIGNAL_NONE;

  /// Where the socket goes: absolute, ours, mode 0700; created when its parent exists. Empty:
  /// $XDG_RUNTIME_DIR/xgops, /run/user/UID/xgops or /tmp/xgops-UID.
  std::string directory = {};
  /// Gets a line per event. Empty: there is no log, and the agent prints nothing anywhere.
  std::string log_file = {};
  /// Reads the stacks of threads that run on a CPU; must not be in use. Blocked threads need none.
  int signal = kDefaultSignal;
  OnFork on_fork = OnFork::kListen;
  /// Whether a process that changed its user may be made dumpable for the moment of a capture.
  bool make_dumpable = false;
  /// Where all threads and tasks are written when the program crashes (SIGSEGV, SIGABRT, SIGBUS,
  /// SIGFPE, SIGILL; std::terminate ends in SIGABRT): "stderr" or a path, in which %p is the pid.
  /// `xgops symbolize` reads it. The program then ends as it would have without. Empty: nothing is
  /// written and no handler is replaced.
  std::string crash_dump = {};
  /// The same is written at this signal, for example SIGQUIT, and the program goes on; to stderr
  /// unless `crash_dump` says otherwise. 0: none.
  int dump_signal = 0;
};

/// Answers the questions of `xgops` about this process until destroyed.
///
/// Starts one thread, `xgops`, with all signals blocked and a descriptor table of its own, and
/// installs one signal handler; see the README for all that it does to a process.
///
/// Thread safety: an object may be used by one thread at a time.
/// Signal safety: none of it may run inside a signal handler.
class [[nodiscard]] Agent {
 public:
  /// Starts serving. Returns once the socket accepts connections, within 2 ms as a rule.
  ///
  /// With XGOPS=0 in the environment it does nothing, and the agent returned is not `running()`.
  ///
  /// Errors (the process goes on, unobserved, in every case):
  ///   - `address_in_use`: this process has an agent already, started or preloaded;
  ///   - `permission_denied`: the socket's directory is not ours, or open to others;
  ///   - `filename_too_long`: the socket's path would exceed 107 bytes;
  ///   - `read_only_file_system`, `no_such_file_or_directory`: no directory for the socket;
  ///   - `invalid_argument`: an option or variable has no meaning;
  ///   - `operation_not_permitted` and others: the system refuses a call, for example by seccomp.
  static Result<Agent> start(const AgentOptions& options = {}) {
    xgops_agent_options plain{};
    plain.size = sizeof plain;
    plain.directory = options.directory.c_str();
    plain.log_file = options.log_file.c_str();
    plain.signal = options.signal;
    plain.on_fork = static_cast<std::int32_t>(options.on_fork);
    plain.make_dumpable = options.make_dumpable ? 1 : 0;
    plain.dump_signal = options.dump_signal;
    plain.crash_dump = options.crash_dump.c_str();
    xgops_agent_error error{};
    error.size = sizeof error;
    const auto status = xgops_agent_start(&plain, &error);
    if (status > 0) {
      return Error{std::error_code(status, std::generic_category()), error.context, error.hint};
    }
    return Agent(status == XGOPS_OK);
  }

  ~Agent() { stop(); }
  Agent(Agent&& other) noexcept : owns_(std::exchange(other.owns_, false)) {}
  Agent& operator=(Agent&& other) noexcept {
    if (this != &other) {
      stop();
      owns_ = std::exchange(other.owns_, false);
    }
    return *this;
  }
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  /// Ends the service now. Waits for the answer in progress to be given up, at most 2 seconds.
  void stop() noexcept {
    if (std::exchange(owns_, false)) {
      xgops_agent_stop();
    }
  }

  /// Whether this process has the agent: not with XGOPS=0, after `stop`, or in a silent child.
  [[nodiscard]] bool running() const noexcept { return owns_ && xgops_agent_running() != 0; }

  /// Lets the calling thread write its crash dump after an overflow of its stack, too: it gets an
  /// alternate signal stack until it ends. For threads of a program that is linked with the agent;
  /// the thread that starts the agent has one. Nothing happens with crash dumps off.
  static void guard_thread() noexcept { xgops_agent_guard_thread(); }

  /// Where clients connect; empty when the agent does not run.
  [[nodiscard]] std::string socket_path() const {
    std::array<char, 128> path{};
    return {path.data(), owns_ ? xgops_agent_socket_path(path.data(), path.size()) : 0};
  }

 private:
  explicit Agent(bool owns) noexcept : owns_(owns) {}

  bool owns_;
};

}  // namespace xgops
