// SPDX-License-Identifier: MIT
// Which waiting tasks nobody can ever wake: a search of all memory of the target, in a copy of it.
// The only request that stops the target's threads, for as long as a fork takes.
#pragma once

#include "xgops/protocol/header.hpp"
#include "xgops/protocol/messages/cost.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace xgops::protocol {

enum class ProofStatus : std::uint8_t {
  kDone = 0,
  kEstimated,  ///< Only that was asked for.
  kTooLarge,   ///< There is more memory to look through than the request allows.
  kFailed,     ///< `Proof::Response::problem` says why.
  kNoRoom,     ///< Control groups may leave too little memory for the copy.
  kLast = kNoRoom,
};

enum class ProofVerdict : std::uint8_t {
  kProven = 0,  ///< Nobody can wake it, unless a pointer is encoded or kept outside of memory.
  kSuspect,     ///< Nothing that could be read leads to what it waits for, but see the reason.
  kReachable,   ///< What it waits for can be reached: somebody may yet end the wait.
  kLast = kReachable,
};

enum class ProofReason : std::uint8_t {
  kNone = 0,      ///< It is proven.
  kDoubt,         ///< Nothing leads to it, but not everything could be read.
  kFrameHeld,     ///< Something has its frame, but nobody has what it waits for.
  kFromSuspects,  ///< Only such tasks lead to it.
  kReached,
  kLast = kReached,
};

/// What leads to a task.
enum class ProofHolder : std::uint8_t {
  kNothing = 0,
  kGlobal,
  kStack,     ///< Of the thread `TaskProof::holder_tid`, or one of its thread-local variables.
  kRegister,  ///< Of that thread.
  kHeap,      ///< A block that can itself be reached.
  kTask,      ///< The frame of the task `TaskProof::holder_address`.
  kMapping,   ///< Other memory.
  kKernel,    ///< An epoll set, a timer, a pipe or a socket.
  kLiveTask,  ///< A task that goes on by itself; its id is `TaskProof::holder_address` or 0.
  kUnknown,   ///< It lies in memory of which nothing is known.
  kLast = kUnknown,
};

struct TaskProof {
  std::uint64_t id = 0;
  std::uint32_t resumed = 0;  ///< `Task::resumed` in both looks.
  ProofVerdict verdict = ProofVerdict::kReachable;
  ProofReason reason = ProofReason::kNone;
  ProofHolder holder = ProofHolder::kNothing;
  std::int32_t holder_tid = 0;
  std::uint64_t holder_address = 0;  ///< Of the word that leads to it, or a task's id.

  template <class Archive>
  void serialize(Archive& archive) {
    archive(id, resumed, verdict, reason, holder, holder_tid, holder_address);
  }
};

/// What a proof would cost the target.
struct ProofEstimate {
  std::uint64_t scan_bytes = 0;   ///< Memory to look through, twice.
  std::uint64_t pause_ns = 0;     ///< For which all threads stand still, twice.
  std::uint64_t child_bytes = 0;  ///< Memory that the child needs, beside pages changed meanwhile.
  std::uint64_t worst_bytes = 0;  ///< The same if the target changes all of its memory meanwhile.
  std::int64_t headroom_bytes = -1;  ///< Memory that control groups leave the target; -1: no limit.
  std::uint32_t threads = 0;         ///< To be stopped; their blocking calls may end with EINTR.

  template <class Archive>
  void serialize(Archive& archive) {
    archive(scan_bytes, pause_ns, child_bytes, worst_bytes, headroom_bytes, threads);
  }
};

/// What it did cost.
struct ProofCosts {
  std::uint64_t longest_pause_ns = 0;
  std::uint64_t pause_ns = 0;  ///< Of all stops together.
  std::uint64_t total_ns = 0;
  std::uint64_t scanned_bytes = 0;
  std::uint64_t child_bytes = 0;  ///< Memory of a child that nobody else had, the larger of both.
  std::uint32_t stops = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(longest_pause_ns, pause_ns, total_ns, scanned_bytes, child_bytes, stops);
  }
};

struct Proof {
  static constexpr MessageType kType = MessageType::kProof;

  struct Request {
    bool estimate_only = false;    ///< Stop nothing; say what it would cost and whether it may be.
    bool ignore_headroom = false;  ///< Go on where the answer would be `ProofStatus::kNoRoom`.
    std::uint64_t memory_limit_bytes = 0;  ///< Of `ProofEstimate::scan_bytes`; 0: the default.
    std::uint32_t deadline_ms = 0;         ///< 0: the default.

    template <class Archive>
    void serialize(Archive& archive) {
      archive(estimate_only, ignore_headroom, memory_limit_bytes, deadline_ms);
    }
  };

  /// One of a series. All have the estimate: the first one comes before anything is stopped. Only
  /// the last message (`kFinal`) has what follows `tasks`.
  struct Response {
    ProofEstimate estimate;
    std::vector<TaskProof> tasks;  ///< Those that wait for something known.
    ProofStatus status = ProofStatus::kDone;
    std::string problem;              ///< Why there is no answer; empty: there is one.
    std::vector<std::string> doubts;  ///< Why nothing is proven, a sentence each.
    std::uint64_t live_tasks = 0;
    std::uint64_t changed = 0;  ///< Tasks that went on while they were looked at.
    ProofCosts costs;
    Cost cost;

    template <class Archive>
    void serialize(Archive& archive) {
      archive(estimate, tasks, status, problem, doubts, live_tasks, changed, costs, cost);
    }
  };
};

}  // namespace xgops::protocol
