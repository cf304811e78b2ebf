// SPDX-License-Identifier: MIT
// The tasks of the target: what each waits for, its async call chain, who created it.
#pragma once

#include "xgops/protocol/header.hpp"
#include "xgops/protocol/messages/cost.hpp"
#include "xgops/protocol/messages/stacks.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace xgops::protocol {

enum class TaskState : std::uint8_t {
  kCreated = 0,  ///< Has not run yet.
  kReady = 1,    ///< Queued on an executor.
  kRunning = 2,  ///< On the thread `Task::tid`, which may itself be blocked.
  kWaiting = 3,
  kLast = kWaiting,
};

/// What a task waits for, in the field's words. Append-only.
enum class TaskWaitReason : std::uint8_t {
  kNone = 0,   ///< It does not wait.
  kUnknown,    ///< Some asynchronous operation; `Task::detail` has its type.
  kOperation,  ///< A composed operation without a word of its own; `Task::detail` names it.
  kTimer,
  kSocketReceive,
  kSocketSend,
  kSocketReadable,
  kSocketWritable,
  kAccept,
  kConnect,
  kResolve,
  kSignal,
  kDescriptorRead,
  kDescriptorWrite,
  kFileRead,
  kFileWrite,
  kChannelSend,
  kChannelReceive,
  kPost,       ///< Queued on an executor or strand.
  kJoin,       ///< The end of one other task.
  kAllOf,      ///< The end of several operations.
  kFirstOf,    ///< The first of several operations.
  kGenerator,  ///< The next value of a generator.
  kMutexLock,
  kRwlockRead,
  kRwlockWrite,
  kConditionWait,
  kSemaphore,
  kWaitGroup,
  kBarrier,
  kCallOnce,
  kFuture,
  kSelect,
  kCustom,  ///< Announced by the program; `Task::detail` has its words.
  kLast = kCustom,
};

/// What `Task::argument` is. Append-only.
enum class TaskArgument : std::uint8_t {
  kNone = 0,
  kDescriptor,  ///< A file descriptor.
  kExpiry,      ///< Nanoseconds until a timer expires; as a signed number, negative: overdue.
  kObject,      ///< The address of what is waited for: a channel, a lock.
  kTask,        ///< The id of the task waited for.
  kCount,       ///< How many operations are waited for.
  kLast = kCount,
};

/// Who holds what a task waits for.
enum class TaskOwner : std::uint8_t {
  kNone = 0,    ///< Nobody, or not known.
  kTask,        ///< `Task::owner` is a task's id.
  kThread,      ///< `Task::owner` is a thread's id.
  kGone,        ///< `Task::owner` is the id of a task that has ended: nobody will release it.
  kGoneThread,  ///< The same for a thread.
  kLast = kGoneThread,
};

/// How well the facts of one task fit together.
enum class TaskStatus : std::uint8_t {
  kExact = 0,    ///< All at one moment.
  kMoving = 1,   ///< It ran meanwhile: its chain is what could be read.
  kPartial = 2,  ///< Frames are missing: there are more than asked for, or they cannot be read.
  kLast = kPartial,
};

/// Something written once and referred to by id: a name, a detail, a set of labels.
struct TaskText {
  std::uint32_t id = 0;  ///< Never 0.
  std::string text;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(id, text);
  }
};

/// A place in the source, as the compiler of the target recorded it.
struct SourceLocation {
  std::uint32_t id = 0;  ///< Never 0.
  std::uint32_t line = 0;
  std::string file;
  std::string function;  ///< As the compiler wrote it, maybe mangled.

  template <class Archive>
  void serialize(Archive& archive) {
    archive(id, line, file, function);
  }
};

/// One distinct async call chain, innermost frame first: each frame's place is its `co_await`.
struct TaskChain {
  std::uint32_t id = 0;                  ///< Never 0.
  std::vector<std::uint32_t> locations;  ///< Ids; 0: a frame that has not been suspended yet.
  /// Sizes of these frames, of the first task that was seen with the chain; 0: not known. As many,
  /// or none at all.
  std::vector<std::uint32_t> frame_bytes = {};

  template <class Archive>
  void serialize(Archive& archive) {
    archive(id, locations, frame_bytes);
  }
};

struct Task {
  std::uint64_t id = 0;
  std::uint64_t parent = 0;  ///< The task that created it; 0: none.
  TaskState state = TaskState::kCreated;
  TaskStatus status = TaskStatus::kExact;
  TaskWaitReason reason = TaskWaitReason::kNone;
  TaskArgument argument_kind = TaskArgument::kNone;
  TaskOwner owner_kind = TaskOwner::kNone;
  std::uint64_t argument = 0;
  std::uint64_t owner = 0;
  std::int64_t state_age_ns = -1;    ///< -1: not known.
  std::uint32_t resumed = 0;         ///< Times it was resumed, modulo 2^32.
  std::int32_t tid = 0;              ///< The thread it runs on; 0: none.
  std::uint32_t chain = 0;           ///< Id of a `TaskChain`; 0: none.
  std::uint32_t created_at = 0;      ///< Id of a `SourceLocation`; 0: not known.
  std::uint32_t creation_stack = 0;  ///< Id of a `Stack`; 0: none was recorded.
  std::uint32_t name = 0;            ///< Id of a `TaskText`; 0: none.
  std::uint32_t labels = 0;          ///< "key=value key=value"; id of a `TaskText`; 0: none.
  std::uint32_t detail = 0;          ///< What more is known of the wait; id of a `TaskText`.
  std::uint16_t executor = 0;        ///< Tells executors apart; 0: not known.

  template <class Archive>
  void serialize(Archive& archive) {
    archive(id, parent, state, status, reason, argument_kind, owner_kind, argument, owner,
            state_age_ns, resumed, tid, chain, created_at, creation_stack, name, labels, detail,
            executor);
  }
};

/// The code of the innermost coroutine of a task that runs, which is on the stack of its thread.
struct TaskBody {
  std::uint64_t task = 0;
  std::uint64_t function = 0;  ///< Address of the function that resumes the coroutine.

  template <class Archive>
  void serialize(Archive& archive) {
    archive(task, function);
  }
};

/// Tasks with equal chain, state, wait reason, owner, name, labels and place of creation.
struct TaskGroup {
  Task longest;                       ///< The one that is in its state for longest.
  std::uint64_t count = 0;            ///< At least 1.
  std::int64_t youngest_age_ns = -1;  ///< Shortest time in the state.
  std::vector<std::uint64_t> ids;     ///< The first few, ascending; at most `kMaxGroupIds`.

  template <class Archive>
  void serialize(Archive& archive) {
    archive(longest, count, youngest_age_ns, ids);
  }
};

struct Tasks {
  static constexpr MessageType kType = MessageType::kTasks;

  struct Request {
    bool group = false;             ///< Answer with `groups`, else with `tasks`.
    std::uint64_t id = 0;           ///< Only this task; 0: all.
    std::uint32_t max_frames = 0;   ///< Of each chain, <= `kMaxFrames`; 0: `kDefaultFrames`.
    std::uint32_t deadline_ms = 0;  ///< 0: the default.

    template <class Archive>
    void serialize(Archive& archive) {
      archive(group, id, max_frames, deadline_ms);
    }
  };

  /// One of a series. Texts, locations, chains and stacks come before or with the first task that
  /// refers to them. Only the last message (`kFinal`) has the counts and the cost.
  struct Response {
    std::vector<TaskText> texts;
    std::vector<SourceLocation> locations;
    std::vector<TaskChain> chains;
    std::vector<Module> modules;         ///< Of `creation_stacks` and `bodies`.
    std::vector<Stack> creation_stacks;  ///< Raw instruction pointers.
    std::vector<Task> tasks;
    std::vector<TaskGroup> groups;
    std::vector<TaskBody> bodies;  ///< Of tasks that run, where it is known.
    std::uint64_t total = 0;       ///< Live tasks seen.
    std::uint64_t running = 0;     ///< Of these, tasks that run.
    std::uint64_t dropped = 0;     ///< Tasks that changed too fast to be read.
    bool truncated = false;        ///< The deadline came first.
    Cost cost;

    template <class Archive>
    void serialize(Archive& archive) {
      archive(texts, locations, chains, modules, creation_stacks, tasks, groups, bodies, total,
              running, dropped, truncated, cost);
    }
  };
};

}  // namespace xgops::protocol
