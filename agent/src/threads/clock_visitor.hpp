// SPDX-License-Identifier: MIT
// Reads the clocks of other CPUs' schedulers, by a thread that goes there.
#pragma once

#include "threads/bare_thread.hpp"
#include "threads/task_files.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <sys/types.h>

namespace xgops::threads {

/// What the scheduler's clock of a CPU lacks to CLOCK_MONOTONIC.
struct ClockOffset {
  int cpu = 0;
  std::int64_t measured_ns = 0;  ///< CLOCK_MONOTONIC
  std::int64_t offset_ns = 0;
};

/// What a reading says; empty where it says nothing for sure.
[[nodiscard]] std::optional<ClockOffset> offset_of(const ClockReading& reading);

/// Goes to CPUs in the agent's stead: a thread that is pinned to a CPU on which realtime threads
/// run waits for as long as those please, and nobody but another thread can call it back.
///
/// Its thread exists from the first `visit` to `leave`. For the agent's thread only.
class ClockVisitor {
 public:
  explicit ClockVisitor(const TaskFiles& files) : files_(files) {}
  ~ClockVisitor();
  ClockVisitor(const ClockVisitor&) = delete;
  ClockVisitor& operator=(const ClockVisitor&) = delete;

  /// Reads the clock of `cpu`. Empty: it is offline or not allowed to this process, was too busy,
  /// this thread is under seccomp, or the system lets us have no such thread. Cost: 40 us where the
  /// CPU is free; at worst 10 ms, which then pass asleep.
  [[nodiscard]] std::optional<ClockOffset> visit(int cpu);

  /// Ends the thread. Cost: 30 us.
  void leave();

  /// Of the visiting thread; 0: there is none.
  [[nodiscard]] pid_t tid() const noexcept { return tid_; }

 private:
  bool start();
  [[nodiscard]] bool await_answer() const;
  bool await_end(std::chrono::milliseconds patience);
  [[nodiscard]] bool is_confined() const;

  const TaskFiles& files_;
  std::vector<unsigned long> own_cpus_;  ///< Where the agent's thread may run, a bit each.
  std::unique_ptr<ClockVisits> visits_;
  pid_t tid_ = 0;
};

}  // namespace xgops::threads
