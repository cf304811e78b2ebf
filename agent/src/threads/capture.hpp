// SPDX-License-Identifier: MIT
// What the capture of all OS threads yields, and how one asks for it. Knows no sockets and no wire.
#pragma once

#include "xgops/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace xgops::threads {

/// What a thread waits for. Same words, same order as the wire's, which commands/ checks.
enum class WaitReason : std::uint8_t {
  kUnknown = 0,
  kRunning,
  kRunnable,
  kMutexLock,
  kRwlockRead,
  kRwlockWrite,
  kConditionWait,
  kJoin,
  kSemaphore,
  kBarrier,
  kCallOnce,
  kStaticInitialization,
  kFuture,
  kMallocLock,
  kStdioLock,
  kFutex,
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
  kEventRead,
  kMessageQueue,
  kSignalWait,
  kChildWait,
  kPageFault,
  kDisk,
  kSystemCall,
  kStopped,
  kTraced,
  kExited,
};

enum class OwnerState : std::uint8_t { kNone = 0, kLive, kExited };

struct Wait {
  WaitReason reason = WaitReason::kUnknown;
  OwnerState owner_state = OwnerState::kNone;
  bool inferred = false;  ///< Deduced from memory contents rather than from the call made.
  pid_t owner_tid = 0;
  std::uint32_t readers = 0;
  std::uint64_t object = 0;
  int fd = -1;
  std::int64_t timeout_ns = -1;
  bool timed = false;
  int system_call = -1;
  std::string detail;
};

struct ThreadFacts {
  pid_t tid = 0;
  std::string name;
  char state = '?';
  bool is_agent = false;
  std::uint64_t cpu_ns = 0;
  std::int64_t state_age_ns = -1;
  Wait wait;
};

struct Module {
  std::uint32_t id = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t bias = 0;
  std::string path;
  std::vector<std::uint8_t> build_id;
  bool deleted = false;
};

struct Frame {
  std::uint64_t instruction_pointer = 0;
  bool exact_pointer = false;  ///< Not a return address.
  bool inferred = false;       ///< Found by scanning.
};

struct Stack {
  std::uint32_t id = 0;
  bool truncated = false;
  std::vector<Frame> frames;
};

enum class StackStatus : std::uint8_t { kExact = 0, kPartial, kUnavailable };
enum class StackMethod : std::uint8_t { kNone = 0, kRead, kSignal, kSelf };

struct ThreadStack {
  ThreadFacts facts;
  StackStatus status = StackStatus::kUnavailable;
  StackMethod method = StackMethod::kNone;
  std::string reason;
  std::uint32_t stack_id = 0;
};

struct CaptureRequest {
  pid_t tid = 0;  ///< 0: all threads.
  bool stacks = true;
  std::size_t max_frames = 256;
  bool interrupt = true;
  std::chrono::steady_clock::time_point deadline;
  std::function<bool()> cancelled;  ///< Asked every few threads; may be empty.
};

struct CaptureSummary {
  std::uint32_t dropped = 0;
  bool truncated = false;
  std::uint64_t elapsed_ns = 0;
  std::uint64_t cpu_ns = 0;
  std::uint32_t interrupted = 0;
};

/// Receives a capture piece by piece: modules, then each new stack before the first thread that has
/// it.
class CaptureSink {
 public:
  virtual ~CaptureSink() = default;
  virtual void on_module(Module module) = 0;
  virtual void on_stack(Stack stack) = 0;
  virtual void on_thread(ThreadStack thread) = 0;
};

/// Where glibc keeps what we read, checked at run time on objects of our own; and the addresses of
/// the waiting functions. Made by `probe_runtime` on the thread that starts the agent.
struct Runtime;

/// Finds out what can be read in this process. Uses the loader (dlopen with RTLD_NOLOAD, dlsym), so
/// it must run on the starting thread, never on the agent's. Cost: < 0.2 ms.
std::shared_ptr<const Runtime> probe_runtime();

/// What an epoll descriptor watches.
struct EventPollFacts {
  std::uint32_t watched = 0;   ///< Descriptors in it, as far as they could be read.
  std::uint32_t external = 0;  ///< Of these, what the world outside of the process can make ready.
};

struct InspectorOptions {
  int task_directory_fd =
      -1;          ///< O_PATH on /proc/self/task, valid in the agent's thread; not owned.
  int signal = 0;  ///< For running threads; 0: none may be sent. Handler already installed.
  bool shared_fd_table = true;  ///< Whether the agent's thread shares the host's descriptors.
  bool make_dumpable =
      false;  ///< Whether a process that changed its user may be made dumpable meanwhile.
};

/// Reads the threads of this process. All members run on the agent's thread only.
class Inspector {
 public:
  Inspector(InspectorOptions options, std::shared_ptr<const Runtime> runtime);
  ~Inspector();
  Inspector(const Inspector&) = delete;
  Inspector& operator=(const Inspector&) = delete;

  /// Reads all threads (or one) and hands them to `sink`: sleeping ones in ascending order of TID,
  /// then those that run.
  ///
  /// Errors: `no_such_process` when `request.tid` is no thread of this process;
  /// `operation_canceled`; anything that makes /proc/self/task unreadable.
  Result<CaptureSummary> capture(const CaptureRequest& request, CaptureSink& sink);

  /// What cannot be done in this process and why, a sentence each.
  [[nodiscard]] std::vector<std::string> limits() const;

  /// "tcp 127.0.0.1:80 -> 127.0.0.1:51004", "pipe:[4711]", a path; empty when the host has no such
  /// descriptor. Cost: 5 us, for sockets 15 us.
  [[nodiscard]] std::string describe_descriptor(int fd);

  /// What the host's epoll descriptor `fd` watches. Cost: 5 us, and 3 us a descriptor in it.
  [[nodiscard]] EventPollFacts look_into_event_poll(int fd);

  /// The signals for which the host has handlers, without our own; bit n-1: signal n.
  [[nodiscard]] std::uint64_t caught_signals();

  /// The ELF files that are mapped now.
  [[nodiscard]] Result<std::vector<Module>> modules();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Installs the capture handler for `wanted` (0: SIGRTMAX-2; negative: none). Returns the signal in
/// use, or 0 with `why` filled in when the host already uses it. Call on the starting thread.
int install_capture_signal(int wanted, std::string& why);
/// Puts the default action back if the handler is still ours.
void uninstall_capture_signal(int signal) noexcept;
/// In a forked child: forgets captures in flight and learns the new PID. Async-signal-safe.
void capture_after_fork() noexcept;

}  // namespace xgops::threads
