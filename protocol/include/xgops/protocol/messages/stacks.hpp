// SPDX-License-Identifier: MIT
// The stacks of all OS threads as raw instruction pointers, with the modules they point into.
#pragma once

#include "xgops/protocol/header.hpp"
#include "xgops/protocol/messages/cost.hpp"
#include "xgops/protocol/messages/threads.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace xgops::protocol {

/// An ELF file mapped into the target.
struct Module {
  std::uint32_t id = 0;                ///< Unique within one answer.
  std::uint64_t begin = 0;             ///< Lowest mapped address.
  std::uint64_t end = 0;               ///< One past the highest.
  std::uint64_t bias = 0;              ///< Address in memory minus address in the file.
  std::string path;                    ///< As in proc(5) maps, without " (deleted)"; "[vdso]".
  std::vector<std::uint8_t> build_id;  ///< At most `kMaxBuildIdBytes`; empty: none.
  bool deleted = false;                ///< The file at `path` is not the one that is mapped.

  template <class Archive>
  void serialize(Archive& archive) {
    archive(id, begin, end, bias, path, build_id, deleted);
  }
};

enum FrameFlags : std::uint8_t {
  kPlainFrame = 0,
  kExactPointer =
      1,  ///< Not a return address: do not subtract one (innermost, or interrupted by a signal).
  kInferred = 2,  ///< Found by scanning: plausible, not certain.
};

struct Frame {
  std::uint64_t instruction_pointer = 0;
  std::uint8_t flags = kPlainFrame;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(instruction_pointer, flags);
  }
};

/// One distinct stack, innermost frame first. Threads with equal stacks share it.
struct Stack {
  std::uint32_t id = 0;
  bool truncated = false;  ///< More frames exist than `max_frames` allowed.
  std::vector<Frame> frames;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(id, truncated, frames);
  }
};

enum class StackStatus : std::uint8_t {
  kExact = 0,        ///< Every frame, at one moment.
  kPartial = 1,      ///< Some frames are missing or inferred; `reason` says why.
  kUnavailable = 2,  ///< No frames; `reason` says why.
  kLast = kUnavailable,
};

enum class StackMethod : std::uint8_t {
  kNone = 0,
  kRead = 1,    ///< Read while the thread slept; it noticed nothing.
  kSignal = 2,  ///< Copied by our signal handler in the running thread.
  kSelf = 3,    ///< The agent's own thread.
  kLast = kSelf,
};

struct ThreadStack {
  ThreadFacts facts;
  StackStatus status = StackStatus::kUnavailable;
  StackMethod method = StackMethod::kNone;
  std::string reason;          ///< Empty when `status` is exact.
  std::uint32_t stack_id = 0;  ///< 0: no stack.

  template <class Archive>
  void serialize(Archive& archive) {
    archive(facts, status, method, reason, stack_id);
  }
};

struct Stacks {
  static constexpr MessageType kType = MessageType::kStacks;

  struct Request {
    std::int32_t tid = 0;           ///< 0: all threads.
    std::uint32_t max_frames = 0;   ///< Per thread, <= `kMaxFrames`; 0: `kDefaultFrames`.
    std::uint32_t deadline_ms = 0;  ///< 0: the default.
    bool interrupt = true;          ///< Whether running threads may get a signal.

    template <class Archive>
    void serialize(Archive& archive) {
      archive(tid, max_frames, deadline_ms, interrupt);
    }
  };

  /// One of a series. A stack comes before or with the first thread that refers to it; modules come
  /// first. Only the last message (`kFinal`) has the counts and the cost.
  struct Response {
    std::vector<Module> modules;
    std::vector<Stack> stacks;
    std::vector<ThreadStack> threads;
    std::uint32_t dropped = 0;  ///< Threads that ended while they were read.
    bool truncated = false;     ///< The deadline or the limit of threads came first.
    Cost cost;

    template <class Archive>
    void serialize(Archive& archive) {
      archive(modules, stacks, threads, dropped, truncated, cost);
    }
  };
};

}  // namespace xgops::protocol
