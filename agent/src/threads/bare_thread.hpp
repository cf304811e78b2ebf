// SPDX-License-Identifier: MIT
// BARE THREAD ZONE. What bare_thread.cpp does runs on a thread that the kernel alone knows: it
// shares the thread-local variables of the thread that made it.
//   - no thread-local variable, so no errno: system calls are made directly;
//   - no call of a library, nothing that a sanitizer or a coverage counter adds;
//   - made and ended without a lock of the C library or the loader, which a stuck program may hold.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace xgops::threads {

/// How often the clocks are read at most to read them together.
inline constexpr int kClockReadings = 4;

/// The clock of a CPU's scheduler, and the steady clock, at the same moment.
struct ClockReading {
  [[nodiscard]] bool is_undisturbed() const noexcept {
    return !moved && after_ns - before_ns < 200'000;
  }

  std::uint32_t cpu = 0;
  bool moved = false;           ///< To another CPU while it was read, or `cpu` is not known.
  std::int64_t before_ns = 0;   ///< CLOCK_MONOTONIC
  std::int64_t after_ns = 0;    ///< CLOCK_MONOTONIC
  std::size_t text_bytes = 0;   ///< 0: the file could not be read.
  std::array<char, 1024> text;  ///< Beginning of /proc/.../sched.
};

/// What a visiting thread and the one that sends it share. Must stay until `living` is 0.
struct ClockVisits {
  static constexpr std::uint32_t kLeave = ~std::uint32_t{0};

  std::atomic<std::uint32_t> order{0};   ///< Another number: read the clocks; `kLeave`: end.
  std::atomic<std::uint32_t> answer{0};  ///< The order for which `reading` is.
  std::atomic<std::uint32_t> living{0};  ///< TID; the kernel writes 0 when the thread has ended.
  int sched_file = -1;                   ///< /proc/.../sched of the visiting thread.
  ClockReading reading;
  // Aligned as a call wants it; the code needs a tenth.
  alignas(16) std::array<std::byte, std::size_t{8} * 1024> stack;
};

/// Starts a thread that waits for orders, with the caller's signal mask, name and affinity. Returns
/// its TID, or a negative errno value.
long start_visiting_thread(ClockVisits& visits) noexcept;

/// Wakes who waits for `word`.
void wake(std::atomic<std::uint32_t>& word) noexcept;

}  // namespace xgops::threads
