// SPDX-License-Identifier: MIT
// DUMP ZONE: see system.hpp for the rules.
// The signal handlers that write dumps.
#pragma once

#include "dump/action.hpp"
#include "dump/workspace.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include <signal.h>

namespace xgops::dump {

/// The signals of a crash. `std::terminate` ends in SIGABRT.
inline constexpr std::array<int, 5> kCrashSignals{SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};

/// What the handlers know. Filled in before they are installed.
struct Dumps {
  std::atomic<Workspace*> workspace{nullptr};  ///< Null: no dump is written.
  std::span<std::byte> stack;                  ///< The handlers work on it: theirs may be short.
  std::array<ActionCell, kCrashSignals.size()> before{};  ///< What crashes do without us.
  std::atomic<bool> watches_crashes{false};
  /// The process that writes dumps; 0: none. A child of vfork, which uses the memory of its parent,
  /// is another one.
  std::atomic<std::int32_t> owner{0};
  std::uint64_t restorer = 0;  ///< Of all our actions: where the kernel lets handlers return to.
  std::int32_t request_signal = 0;
  KernelAction before_request{};
  std::atomic<std::int32_t> agent_tid{0};

  /// Who writes: pid << 32 | tid; 0: nobody. With the pid, since a child of fork has no such
  /// thread.
  std::atomic<std::uint64_t> writer{0};
  std::atomic<std::uint32_t> ended{0};       ///< Dumps that have ended; others wait for it.
  std::atomic<std::int32_t> crashed_pid{0};  ///< The process of which a crash was written.
  std::atomic<std::uint32_t> fault_count{0};
  std::array<Fault, 16> faults{};
  std::uint64_t resume_stack = 0;  ///< Where to go on when the writing itself crashes.
};

/// The one global of the handlers, which get no argument.
extern Dumps g_dumps;

/// Handler of `kCrashSignals` (SA_SIGINFO, SA_ONSTACK, SA_NODEFER): writes a dump, then sees to it
/// that the process goes on as if it had never been there. One crash of a process is written.
void on_crash_signal(int signal, siginfo_t* info, void* context) noexcept;

/// Handler of `request_signal` (SA_SIGINFO, SA_ONSTACK, SA_RESTART): writes a dump unless one is
/// being written, then calls the handler that was there before.
void on_request_signal(int signal, siginfo_t* info, void* context) noexcept;

[[nodiscard]] bool set_action(int signal, const KernelAction* action,
                              KernelAction* before) noexcept;
/// What the kernel is told to do at a crash, while `behind` is what the program wants. System calls
/// that go on after a handler of the program go on after ours.
[[nodiscard]] KernelAction action_in_front_of(const KernelAction& behind) noexcept;
[[nodiscard]] bool is_crash_handler(const KernelAction& action) noexcept;
/// Puts back what was there before, where the handler still is ours.
void restore_crash_actions() noexcept;

/// A restorer of our own, for a process in which nobody has installed a handler yet.
extern "C" [[gnu::visibility("hidden")]] void dump_return_from_signal() noexcept;

}  // namespace xgops::dump
