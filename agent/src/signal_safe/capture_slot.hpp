// SPDX-License-Identifier: MIT
// ASYNC-SIGNAL-SAFE ZONE. Code in this folder runs inside a signal handler, on a thread that may
// have been stopped inside malloc, inside the dynamic loader, or holding any lock.
//   - no system call (a seccomp filter may kill the process for it), no clock (rdtsc faults under
//   strict
//     seccomp), no allocation, no lock, no exception, no thread-local variable, no library call at
//     all: scripts/check-signal-safe fails when an object of this folder needs any outside symbol;
//   - reads only the interrupted thread's own stack, within bounds that cannot be unmapped
//   meanwhile.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace xgops::signal_safe {

/// How much of a running thread's stack is copied. 25 frames take 2 to 9 KiB.
inline constexpr std::size_t kStackCopyBytes = std::size_t{32} * 1024;
/// How many threads may be asked at a time: more would only wait for each other.
inline constexpr std::size_t kSlotCount = 32;

/// rax rdx rcx rbx rsi rdi rbp rsp r8-r15 rip: DWARF order.
inline constexpr std::size_t kCapturedRegisters = 17;

enum class SlotState : std::uint8_t {
  kIdle = 0,
  kRequested,  ///< A signal is on its way.
  kWriting,    ///< The handler owns the slot.
  kReady,      ///< Filled; the agent owns it.
};

/// A slot's state and the request it belongs to, in one word: a late handler of an old request
/// finds another generation and leaves.
struct Ticket {
  static constexpr std::uint64_t make(std::uint32_t generation, SlotState state) noexcept {
    return std::uint64_t{generation} << 8U | static_cast<std::uint64_t>(state);
  }
  static constexpr SlotState state(std::uint64_t ticket) noexcept {
    return static_cast<SlotState>(ticket & 0xffU);
  }
};

/// Where one thread's answer goes. Slots are never freed: a handler may come arbitrarily late.
struct CaptureSlot {
  std::atomic<std::uint64_t> ticket{0};
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free,
                "a locking atomic would deadlock in a signal handler");
  std::array<std::uint64_t, kCapturedRegisters> registers{};
  std::uint64_t copied_bytes = 0;  ///< Of `stack`, which begins at the captured stack pointer.
  alignas(64) std::array<std::byte, kStackCopyBytes> stack{};
};

/// A readable and writable mapping.
struct StackRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool main_stack = false;  ///< Grows downwards: its beginning is only a hint.
};

/// What the handler needs to know of the current request. Written by one thread at a time: the
/// agent's, or the one that writes a dump.
struct CaptureRequest {
  std::atomic<std::int32_t> pid{0};  ///< Signals that do not come from this PID are not ours.
  CaptureSlot* slots = nullptr;      ///< `kSlotCount` (`kDumpSlotCount`) of them.
  std::atomic<const StackRange*> ranges{nullptr};  ///< Ascending; stays readable for ever.
  std::atomic<std::size_t> range_count{0};
};

/// A dump reads running threads too, perhaps while the agent's thread is at it or stuck in it: its
/// slots are its own. Their indices follow those of the agent.
inline constexpr std::size_t kDumpSlotCount = 4;

/// The globals that a signal handler cannot do without: what the agent's thread asks, and a dump.
extern CaptureRequest g_capture;
extern CaptureRequest g_dump_capture;

/// The value that travels with the signal.
[[nodiscard]] constexpr std::uint64_t signal_value(std::uint32_t generation,
                                                   std::uint32_t slot) noexcept {
  return std::uint64_t{generation} << 32U | slot;
}

}  // namespace xgops::signal_safe
