// SPDX-License-Identifier: MIT
// All threads of the process stand still, but for the one that asks.
#pragma once

#include "proof/scratch.hpp"
#include "signal_safe/park_slot.hpp"
#include "threads/task_files.hpp"

#include <chrono>
#include <cstdint>
#include <span>

#include <sys/types.h>

namespace xgops::proof {

/// Stops threads by the capture signal. A thread that blocks it, waits for signals, or does not
/// answer in time goes on: then what is seen is not one moment.
///
/// For the agent's thread. From `stop` to `release` neither allocate nor take any lock: its holder
/// may stand still. Cost: 50 us, and 10 us a thread; the threads' blocking calls may end with
/// EINTR.
class StoppedThreads {
 public:
  /// `task_directory_fd`: of /proc/self/task. `signal` 0: nothing can be stopped.
  StoppedThreads(Scratch& scratch, int task_directory_fd, int signal) noexcept;
  ~StoppedThreads() { release(); }
  StoppedThreads(const StoppedThreads&) = delete;
  StoppedThreads& operator=(const StoppedThreads&) = delete;

  /// Looks at the threads, which go on. `seccomp_filters`: a thread with more of them is not
  /// stopped, since its filter may forbid to wait. False: there is no memory.
  [[nodiscard]] bool prepare(unsigned seccomp_filters) noexcept;
  /// False: some threads go on, see `unstopped`.
  [[nodiscard]] bool stop(std::chrono::nanoseconds patience) noexcept;
  void release() noexcept;
  /// Whether all stood still until just now. Before `release`.
  [[nodiscard]] bool held() const noexcept;

  /// Of each that stands still.
  [[nodiscard]] std::span<const signal_safe::ParkSlot* const> threads() const noexcept {
    return {stopped_.begin(), stopped_.size()};
  }
  [[nodiscard]] std::size_t known() const noexcept { return known_.size(); }
  /// One that has not ended, of those that are known; the main thread if there is none.
  [[nodiscard]] pid_t first() const noexcept;
  /// A thread that went on; 0: none did.
  [[nodiscard]] pid_t unstopped() const noexcept { return unstopped_; }

 private:
  enum class State : std::uint8_t {
    kSeen = 0,
    kAsked,
    kStopped,
    kGone,
    kUnstoppable,
  };
  struct Thread {
    pid_t tid = 0;
    State state = State::kSeen;
    std::uint32_t slot = 0;
  };

  [[nodiscard]] State look_at(pid_t tid) const noexcept;
  /// Adds those that are not known yet. False: the list cannot be read.
  [[nodiscard]] bool list(std::size_t& added) noexcept;
  void ask(Thread& thread) noexcept;
  /// How many have not answered.
  [[nodiscard]] std::size_t collect() noexcept;
  void give_up() noexcept;

  threads::TaskFiles files_;
  int task_directory_;
  int signal_;
  pid_t own_tid_;
  unsigned seccomp_filters_ = 0;
  std::uint32_t generation_ = 0;
  std::uint32_t next_slot_ = 0;
  bool stopping_ = false;
  pid_t unstopped_ = 0;
  ScratchArray<Thread> known_;
  ScratchArray<const signal_safe::ParkSlot*> stopped_;
  char* buffer_ = nullptr;
};

/// How many seccomp filters the process had when the agent began; `mode` is what PR_GET_SECCOMP
/// said then. Who began under some is taken to have had those of the first process of its
/// container, or one where it is that itself. To read them at the start, below /proc/PID/task,
/// would make the end of each process wait for the kernel: milliseconds on a busy machine.
[[nodiscard]] unsigned seccomp_filters_at_start(int mode) noexcept;

/// Of the calling thread: how many seccomp filters it has. Without any: 0.
[[nodiscard]] unsigned own_seccomp_filters(int task_directory_fd) noexcept;

}  // namespace xgops::proof
