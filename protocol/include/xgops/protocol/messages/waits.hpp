// SPDX-License-Identifier: MIT
// What `Stacks` and `Tasks` do not say of waits: who can end one when it is not a single holder,
// what threads announce, and what the event loops watch. And which exceptions ended waits unseen.
#pragma once

#include "xgops/protocol/header.hpp"
#include "xgops/protocol/messages/cost.hpp"
#include "xgops/protocol/messages/tasks.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace xgops::protocol {

/// A thread or task that holds something, or that can end a wait.
struct HolderFacts {
  TaskOwner kind = TaskOwner::kNone;
  std::uint64_t id = 0;  ///< Of a task, or of a thread.

  template <class Archive>
  void serialize(Archive& archive) {
    archive(kind, id);
  }
};

/// Something waited for that several hold, or that any of several can end.
struct WaitObject {
  std::uint64_t address = 0;   ///< As `Task::argument` and `AnnouncedWait::object` say it.
  bool any = false;            ///< Any of the holders ends the wait; else all have to let go.
  bool sealed = false;         ///< The program says that nobody else can end it.
  std::uint64_t unlisted = 0;  ///< Holders beside those listed.
  std::vector<HolderFacts> holders;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(address, any, sealed, unlisted, holders);
  }
};

/// What a thread says that it waits for.
struct AnnouncedWait {
  std::int32_t tid = 0;
  TaskWaitReason reason = TaskWaitReason::kUnknown;
  std::uint64_t object = 0;  ///< Its address; 0: none.
  HolderFacts holder;        ///< If there is one only.
  std::string detail;        ///< In the program's words; may be empty.

  template <class Archive>
  void serialize(Archive& archive) {
    archive(tid, reason, object, holder, detail);
  }
};

/// What an epoll descriptor waits for.
struct EventPoll {
  std::int32_t fd = -1;
  std::uint32_t watched = 0;  ///< Descriptors in it, as far as they could be read.
  /// Of these, what can become ready without any thread of the process: all but timers that are
  /// not set, and one eventfd. Also counted when it cannot be told.
  std::uint32_t external = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(fd, watched, external);
  }
};

/// What a thread has run.
struct ThreadExecutors {
  std::int32_t tid = 0;
  std::uint64_t executors = 0;  ///< Bit n % 64 for `Task::executor` n.
  std::uint32_t handler = 0;    ///< Of Asio's, that it is in: another number for each; 0: in none.

  template <class Archive>
  void serialize(Archive& archive) {
    archive(tid, executors, handler);
  }
};

/// Exceptions of one type that ended tasks created at one place, of which nobody was told.
struct LostException {
  std::string type;        ///< As the compiler wrote it, mangled.
  std::string what;        ///< What the last one says; may be empty.
  std::string task_name;   ///< Of the last one's task; may be empty.
  SourceLocation created;  ///< Where the tasks were created; its id is 0.
  SourceLocation place;    ///< Where the last one was suspended last; its id is 0.
  std::uint64_t count = 0;
  std::uint64_t last_task = 0;   ///< An id.
  std::int64_t last_age_ns = 0;  ///< Since the last one.

  template <class Archive>
  void serialize(Archive& archive) {
    archive(type, what, task_name, created, place, count, last_task, last_age_ns);
  }
};

struct Waits {
  static constexpr MessageType kType = MessageType::kWaits;

  struct Request {
    std::vector<std::int32_t> event_polls;  ///< At most `kMaxEventPolls` descriptors to look into.
    std::uint32_t deadline_ms = 0;          ///< 0: the default.

    template <class Archive>
    void serialize(Archive& archive) {
      archive(event_polls, deadline_ms);
    }
  };

  /// One of a series. Only the last message (`kFinal`) has `lost_exceptions` and what follows it.
  struct Response {
    std::vector<WaitObject> objects;
    std::vector<AnnouncedWait> announced;
    std::vector<EventPoll> event_polls;
    std::vector<ThreadExecutors> thread_executors;
    std::vector<LostException> lost_exceptions;
    std::uint64_t lost_unlisted = 0;  ///< Lost exceptions beside those listed.
    /// Bit n-1: signal n has a handler of the program's own, which might end waits.
    std::uint64_t caught_signals = 0;
    bool truncated = false;  ///< The deadline or a limit came first.
    Cost cost;

    template <class Archive>
    void serialize(Archive& archive) {
      archive(objects, announced, event_polls, thread_executors, lost_exceptions, lost_unlisted,
              caught_signals, truncated, cost);
    }
  };
};

}  // namespace xgops::protocol
