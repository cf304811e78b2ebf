// SPDX-License-Identifier: MIT
// Reads one thread: state, wait and stack, without the thread noticing.
#pragma once

#include "threads/capture.hpp"
#include "threads/cpu_clocks.hpp"
#include "threads/module_map.hpp"
#include "threads/remembered_threads.hpp"
#include "threads/runtime.hpp"
#include "threads/self_memory.hpp"
#include "threads/signal_capture.hpp"
#include "threads/task_files.hpp"
#include "threads/wait_reason.hpp"
#include "unwind/unwinder.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace xgops::threads {

enum class ReadOutcome : std::uint8_t {
  kDone,     ///< Read completely, or it never can be; `stack.status` says which.
  kRunning,  ///< On a CPU, waiting for one, or awake too often to be read.
  kGone,     ///< The thread has ended.
};

struct ThreadReading {
  ReadOutcome outcome = ReadOutcome::kGone;
  ThreadStack stack;
  std::vector<Frame> frames;
  bool truncated = false;
};

class ThreadReader {
 public:
  ThreadReader(const TaskFiles& files, const Runtime& runtime, pid_t own_tid, bool shared_fd_table);

  /// `living` (ascending, kept by the caller) are all TIDs; owners are looked up there.
  void begin_capture(std::span<const pid_t> living, std::size_t max_frames);
  void end_capture() { clocks_.end_capture(); }
  Result<bool> refresh_modules();

  /// Reads a sleeping thread in place: registers from the kernel, the stack from memory, the whole
  /// bracketed by two looks at how often the thread was scheduled. Tries three times.
  /// Cost: 30 us; 10 us for a thread that has not been scheduled since it was last read.
  ThreadReading read(pid_t tid);

  /// Completes the reading of a running thread with its answer to our signal.
  ThreadReading from_signal(ThreadReading reading, const SignalAnswer& answer);

  /// Marks a reading as without stack.
  ThreadReading unavailable(ThreadReading reading, std::string reason) const;

  /// Whether `tid` waits in a system call right now. Cost: 4 us.
  [[nodiscard]] bool sleeps(pid_t tid) const;

  /// Why `tid` must not get the capture signal; empty when it may. Cost: 12 us.
  [[nodiscard]] std::string reason_not_to_signal(pid_t tid, int signal) const;

  [[nodiscard]] const std::vector<Module>& modules() const noexcept { return modules_.modules(); }
  [[nodiscard]] const std::vector<signal_safe::StackRange>& stack_ranges() const noexcept {
    return modules_.stack_ranges();
  }
  [[nodiscard]] bool has_go() const noexcept { return modules_.has_go(); }
  [[nodiscard]] std::vector<std::string> limits() const;

 private:
  enum class Attempt : std::uint8_t { kDone, kRunning, kMoved, kGone, kNotReadable };

  Attempt attempt(pid_t tid, ThreadReading& reading);
  /// The registers and the stack of a thread that sleeps, as `remembered_` keeps them.
  Attempt read_sleeper(pid_t tid, const ScheduleFacts& before, RememberedThread& sleeper,
                       std::string& name);
  void read_own(ThreadReading& reading);
  /// State, name, and when it last ran.
  void read_schedule(pid_t tid, RememberedThread& sleeper, std::string& name) const;
  void read_facts(pid_t tid, ThreadFacts& facts);
  /// What kind of kernel worker a thread is that runs.
  [[nodiscard]] KernelWorker running_worker(pid_t tid, std::string_view name) const;
  void read_name(pid_t tid, ThreadFacts& facts) const;
  static void store_frames(const unwind::Walk& walk, std::span<const unwind::UnwoundFrame> frames,
                           ThreadReading& reading);

  const TaskFiles& files_;
  const Runtime& runtime_;
  pid_t own_tid_;
  bool shared_fd_table_;
  SelfMemory memory_;
  FreshMemory fresh_memory_;
  unwind::Unwinder unwinder_;
  ModuleMap modules_;
  std::span<const pid_t> living_;
  std::vector<unwind::UnwoundFrame> frames_;
  RememberedThreads remembered_;
  RememberedThread* sleeper_ = nullptr;  ///< Of the thread that is being read; null: it runs.
  CpuClocks clocks_;
};

}  // namespace xgops::threads
