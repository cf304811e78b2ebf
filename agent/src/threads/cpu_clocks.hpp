// SPDX-License-Identifier: MIT
// When a thread last ran: what the scheduler of a CPU wrote down, on the clock that we use.
//
// That clock is another for each CPU: it stands still while the CPU serves interrupts or the
// hypervisor runs another guest. In ten hours two CPUs of a virtual machine came to differ by 0.8
// s, and both lost 3 % of a second each second while the host was busy.
#pragma once

#include "threads/clock_visitor.hpp"
#include "threads/task_files.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include <sys/types.h>

namespace xgops::threads {

/// When a thread last ran, and how far the truth may be from that.
struct LastRun {
  std::int64_t steady_ns = 0;  ///< CLOCK_MONOTONIC
  std::int64_t error_ns = 0;
};

/// The offsets that are known. Knows no clock: the time is given.
class ClockOffsets {
 public:
  void note(const ClockOffset& offset) { offsets_[offset.cpu] = offset; }

  /// Empty: the clock of `cpu` has never been read.
  [[nodiscard]] std::optional<LastRun> last_run(int cpu, std::int64_t scheduler_ns) const;

 private:
  std::unordered_map<int, ClockOffset> offsets_;
};

/// Whether an offset does for a thread that then has slept for so long; else the clock should be
/// read again.
[[nodiscard]] bool is_good(const LastRun& last, std::int64_t now_ns);
/// Whether it does where the clock cannot be read.
[[nodiscard]] bool is_tolerable(const LastRun& last, std::int64_t now_ns);

/// `last`, no later than now and no earlier than the thread's start; empty when it is further off
/// than clocks can be.
[[nodiscard]] std::optional<std::int64_t> within_life(const LastRun& last, std::int64_t now_ns,
                                                      std::int64_t started_ns);

/// What the kernel says of a sleeping thread's last moment on a CPU.
struct SchedulerStamp {
  int cpu = -1;
  std::int64_t scheduler_ns = 0;  ///< On the clock of that CPU's scheduler.
  std::uint64_t started_ns = 0;   ///< When the thread was made: CLOCK_BOOTTIME.
};

/// For the agent's thread only.
class CpuClocks {
 public:
  CpuClocks(const TaskFiles& files, pid_t own_tid);

  /// Reads the clock of the CPU where this thread runs. Cost: 20 us.
  void begin_capture();
  void end_capture() { visitor_.leave(); }

  /// Whether the kernel tells when threads last ran.
  [[nodiscard]] bool tell() const noexcept { return tell_; }

  /// CLOCK_MONOTONIC of the thread's last moment on a CPU; empty where it cannot be told.
  ///
  /// Cost: nothing while what is known of the CPU's clock does, else a visit there: 40 us, and all
  /// visits of a capture wait at most 50 ms for CPUs that are busy.
  [[nodiscard]] std::optional<std::int64_t> last_run(const SchedulerStamp& stamp);

 private:
  void visit(int cpu, std::int64_t now_ns);

  const TaskFiles& files_;
  pid_t own_tid_;
  bool tell_ = false;
  ClockOffsets offsets_;
  ClockVisitor visitor_;
  std::chrono::nanoseconds patience_{0};              ///< Left for visits of this capture.
  std::unordered_map<int, std::int64_t> not_before_;  ///< CPUs that could not be visited.
};

}  // namespace xgops::threads
