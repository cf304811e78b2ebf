// SPDX-License-Identifier: MIT
// The OS threads of the target: state, CPU time, what each waits for.
#pragma once

#include "xgops/protocol/header.hpp"
#include "xgops/protocol/messages/cost.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace xgops::protocol {

/// What a thread waits for, in the field's words. Append-only.
enum class WaitReason : std::uint8_t {
  kUnknown = 0,  ///< Could not be read; `Wait::detail` says why.
  kRunning,      ///< On a CPU, or was a moment ago.
  kRunnable,     ///< Waits for a CPU.
  kMutexLock,
  kRwlockRead,
  kRwlockWrite,
  kConditionWait,
  kJoin,
  kSemaphore,
  kBarrier,
  kCallOnce,
  kStaticInitialization,  ///< Another thread runs the initializer of a static local.
  kFuture,
  kMallocLock,
  kStdioLock,
  kFutex,  ///< Some other user-space wait: latch, atomic wait, a lock of its own.
  kSleep,
  kPause,
  kEpoll,
  kPoll,
  kSelect,
  kIoUring,
  kSocketRead,
  kSocketWrite,
  kAccept,
  kConnect,
  kPipeRead,
  kPipeWrite,
  kFileRead,
  kFileWrite,
  kFileSync,
  kFileLock,
  kTerminalRead,
  kTerminalWrite,
  kEventRead,  ///< eventfd, timerfd, signalfd, inotify, userfaultfd.
  kMessageQueue,
  kSignalWait,
  kChildWait,
  kPageFault,
  kDisk,        ///< Uninterruptible; `detail` names the system call.
  kSystemCall,  ///< Some other call; `detail` names it.
  kStopped,
  kTraced,
  kExited,  ///< A main thread that ended before its process.
  kLast = kExited,
};

/// Who holds what a thread waits for.
enum class OwnerState : std::uint8_t {
  kNone = 0,  ///< This kind of wait has no owner, or none is recorded.
  kLive,
  kExited,  ///< The owner's thread is gone: nobody will release it.
  kLast = kExited,
};

struct Wait {
  WaitReason reason = WaitReason::kUnknown;
  OwnerState owner_state = OwnerState::kNone;
  bool inferred = false;          ///< Deduced from memory contents rather than from the call made.
  std::int32_t owner_tid = 0;     ///< 0: none known.
  std::uint32_t readers = 0;      ///< Readers that hold the rwlock waited for.
  std::uint64_t object = 0;       ///< Address of the lock, condition or semaphore; 0: none.
  std::int32_t fd = -1;           ///< -1: none.
  std::int64_t timeout_ns = -1;   ///< As passed to the call; -1: waits for ever, or not known.
  bool timed = false;             ///< The wait ends by itself, whether or not its length is known.
  std::int32_t system_call = -1;  ///< Number on x86-64; -1: not in a call.
  std::string detail;  ///< What the fd is (peer, path), the kind of mutex, the call's name.

  template <class Archive>
  void serialize(Archive& archive) {
    archive(reason, owner_state, inferred, owner_tid, readers, object, fd, timeout_ns, timed,
            system_call, detail);
  }
};

struct ThreadFacts {
  std::int32_t tid = 0;            ///< In the target's PID namespace.
  std::string name;                ///< proc(5) comm.
  char state = '?';                ///< proc(5): R S D T t Z X.
  bool is_agent = false;           ///< The agent's own thread.
  std::uint64_t cpu_ns = 0;        ///< User and system time.
  std::int64_t state_age_ns = -1;  ///< Since it last ran; -1: not known, or running.
  Wait wait;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(tid, name, state, is_agent, cpu_ns, state_age_ns, wait);
  }
};

struct Threads {
  static constexpr MessageType kType = MessageType::kThreads;

  struct Request {
    std::int32_t tid = 0;           ///< 0: all threads.
    std::uint32_t deadline_ms = 0;  ///< 0: the default.

    template <class Archive>
    void serialize(Archive& archive) {
      archive(tid, deadline_ms);
    }
  };

  /// One of a series; the header of the last has `kFinal`, and only it has `dropped`, `truncated`
  /// and `cost` filled in.
  struct Response {
    std::vector<ThreadFacts> threads;
    std::uint32_t dropped = 0;  ///< Threads that ended while they were read.
    bool truncated = false;     ///< The deadline or the limit of threads came first.
    Cost cost;

    template <class Archive>
    void serialize(Archive& archive) {
      archive(threads, dropped, truncated, cost);
    }
  };
};

}  // namespace xgops::protocol
