// SPDX-License-Identifier: MIT
// Why a thread sleeps: from its system call, the functions on its stack and the lock's own memory.
#pragma once

#include "threads/capture.hpp"
#include "threads/runtime.hpp"
#include "threads/task_files.hpp"
#include "unwind/memory.hpp"
#include "unwind/unwinder.hpp"

#include <span>
#include <vector>

#include <sys/types.h>

namespace xgops::threads {

/// Everything known about one sleeping thread.
struct SleepingThread {
  pid_t tid = 0;
  char state = 'S';
  KernelWorker worker = KernelWorker::kNone;
  SystemCallFacts call;
  std::span<const unwind::UnwoundFrame> frames;  ///< May be empty.
};

/// What the reasons are worked out with. Does not own anything.
struct WaitContext {
  const TaskFiles& files;
  const Runtime& runtime;
  unwind::Memory& code;           ///< May be cached for the length of a capture.
  unwind::Memory& memory;         ///< Never cached: locks change hands.
  std::span<const pid_t> living;  ///< All TIDs, ascending.
  bool shared_fd_table = false;
};

/// Cost: 1 us, plus 5 to 15 us where a descriptor must be described.
[[nodiscard]] Wait find_wait_reason(const SleepingThread& thread, const WaitContext& context);

/// Waits on futexes: locks, conditions, joins. In futex_wait.cpp.
[[nodiscard]] Wait find_futex_reason(const SleepingThread& thread, const WaitContext& context);

/// "epoll_wait"; "system call 451" for numbers without a name here.
[[nodiscard]] std::string system_call_name(int number);

/// Whether the call sleeps interruptibly by nature, so that its state need not be looked up.
[[nodiscard]] bool always_interruptible(int number);

}  // namespace xgops::threads
