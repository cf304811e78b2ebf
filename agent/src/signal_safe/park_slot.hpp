// SPDX-License-Identifier: MIT
// ASYNC-SIGNAL-SAFE ZONE: see capture_slot.hpp for the rules. Threads that are stopped break one of
// them: they wait with futex(2), which all threads of a program with locks use, and keep other
// signals away meanwhile (rt_sigprocmask). Only for a user who asked for it.
#pragma once

#include "signal_safe/capture_slot.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace xgops::signal_safe {

/// One thread that stands still. Slots are never freed: a handler may come arbitrarily late.
struct ParkSlot {
  std::atomic<std::uint64_t> ticket{0};  ///< As of a `CaptureSlot`.
  std::int32_t tid = 0;
  std::array<std::uint64_t, kCapturedRegisters> registers{};  ///< In DWARF order.
  std::uint64_t thread_pointer = 0;
  /// Where on its stack the kernel has put the vector registers.
  std::uint64_t vector_begin = 0;
  std::uint64_t vector_end = 0;
  /// The alternate stack for signals that it has; 0: none.
  std::uint64_t signal_stack = 0;
};

inline constexpr std::size_t kMostParked = 16'384;
/// Slots' indices, as they travel with the signal, follow those of captures.
inline constexpr std::uint32_t kFirstParkIndex = 0x1'0000;

/// What the handler needs to know of the current stop. Written by the agent's thread.
struct ParkRequest {
  ParkSlot* slots = nullptr;  ///< `kMostParked` of them.
  /// The last generation whose threads may go on: what they wait for.
  std::atomic<std::uint32_t> released{0};
  /// A generation of which a thread lost patience and went on.
  std::atomic<std::uint32_t> overrun{0};
};

extern ParkRequest g_park;

/// How long a thread stands still at most, should the agent never let it go.
inline constexpr std::int64_t kParkPatienceNs = 2'000'000'000;

/// For `on_capture_signal`.
void park(std::uint32_t generation, std::uint32_t index, const void* context) noexcept;

}  // namespace xgops::signal_safe
