// SPDX-License-Identifier: MIT
// Turns dumps on and off: memory, handlers, alternate stacks. What happens then is in dump/.
#pragma once

#include "tasks/source.hpp"
#include "xgops/result.hpp"

#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace xgops::crash {

/// What is wanted. Nothing by default: then no handler is replaced and no memory is used.
struct Options {
  bool on_crash = false;   ///< Write a dump when the process crashes.
  std::string path;        ///< Absolute, %p: the pid; empty: stderr.
  int request_signal = 0;  ///< Write one at this signal and go on; 0: at none.

  [[nodiscard]] bool any() const noexcept { return on_crash || request_signal != 0; }
};

/// "stderr" or a path. A relative one is from the directory of now, since the program may change
/// it. Errors: `invalid_argument` when it is too long.
Result<std::string> parse_destination(const std::string& text);

/// "QUIT", "SIGQUIT", "3"; "none" and "" are 0. Nothing when that is no signal, cannot be handled,
/// or is one of a crash.
[[nodiscard]] std::optional<int> parse_request_signal(std::string_view text);

/// Installs the handlers. `capture_signal`: for running threads; 0: they get none. The calling
/// thread gets an alternate stack if it has none. Call on the starting thread.
/// Errors: what the system refuses.
Result<void> install(const Options& options, const tasks::TaskSource& source, int capture_signal);

/// Puts back what was there before, where the handlers still are ours.
void uninstall() noexcept;

/// A forked child writes dumps of its own, whether it has an agent or not.
void after_fork_in_child() noexcept;

/// The calling thread is the agent's: dumps say so. Lets it have signals of a crash, with dumps on.
void adopt_agent_thread() noexcept;

/// Writes all threads and tasks of this process to stderr, as a dump on request, without a lock or
/// memory of the C library's: for a thread of ours that cannot look in any other way. Threads that
/// run are not interrupted. False: there is no memory.
bool write_to_stderr() noexcept;

}  // namespace xgops::crash
