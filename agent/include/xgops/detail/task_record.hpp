// SPDX-License-Identifier: MIT
// The records that tasks keep about themselves, and the stores that a task makes on its way.
//
// One writer a record: the thread that runs the task, creates it or starts its operation. Writers
// neither wait nor retry. A reader copies a record and the nodes it leads to and throws the copy
// away when `sequence` was odd or moved meanwhile. That is a sequence lock without fences: every
// store while `sequence` is odd has release order, so that a reader who sees it (with acquire
// order) also sees the odd number. On x86-64 all of it is plain moves.
//
// Not for users: include xgops/tasks.hpp, xgops/asio.hpp or xgops/boost_asio.hpp.
#pragma once

#include "xgops/code_location.hpp"
#include "xgops/tasks_abi.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <time.h>

namespace xgops::detail {

/// A kind of asynchronous operation; one object for each, in static memory.
struct TaskOperation {
  const char* object = nullptr;  ///< "socket", "deadline_timer"; null: `name` is a C++ type.
  const char* name = nullptr;    ///< "async_receive".
  std::uint32_t name_bytes = 0;  ///< 0: `name` ends with a zero.
  std::uint32_t reason = 0;      ///< A `WaitReason` of tasks.hpp; 0: to be told from the names.
};

enum TaskStateBits : std::uint8_t {
  kTaskFree = 0,
  kTaskCreated = 1,
  kTaskRunning = 2,
  kTaskWaiting = 3,
  kTaskFinished = 4,  ///< Ran to its end; its frames still exist.
};

/// What `argument` of a waiting task is.
enum TaskArgumentBits : std::uint8_t {
  kArgumentNone = 0,
  kArgumentDescriptor = 1,
  kArgumentExpiry = 2,  ///< CLOCK_MONOTONIC, nanoseconds.
  kArgumentObject = 3,
  kArgumentHolder = 4,  ///< The address of a `Holder` of tasks.hpp.
  kArgumentTask = 5,
  kArgumentCount = 6,
  kArgumentHolderSet = 7,  ///< The address of a `HolderSet` of tasks.hpp.
};

/// Lies inside the promise of every tracked coroutine.
struct TaskNode {
  std::atomic<xgops_task_record*> task{nullptr};  ///< Whose chain this is in.
  std::atomic<TaskNode*> caller{nullptr};         ///< Who awaits this coroutine.
  std::atomic<std::uint64_t> location{0};         ///< Of its `co_await`; see CodeLocation::word.

  /// A `location` of frames that are no function of the user's.
  static constexpr std::uint64_t kHidden = 1;
};

/// A node for compilers whose locations need two words.
struct TaskNodeWithFunction : TaskNode {
  std::atomic<std::uint64_t> function{0};
};

}  // namespace xgops::detail

/// One task, 64 bytes, in memory that stays a task record for ever.
struct alignas(64) xgops_task_record {
  std::atomic<std::uint32_t> sequence;  ///< Odd: it runs, or is being changed.
  std::atomic<std::uint32_t> resumed;
  std::atomic<std::uint64_t> identity;        ///< id << 16 | kind of argument << 8 | state.
  std::atomic<xgops::detail::TaskNode*> top;  ///< The innermost frame.
  /// An id, the number of the executor (see kExecutorShift), and perhaps `kDetached`.
  std::atomic<std::uint64_t> parent;
  /// Waiting: the `TaskOperation`. Running: what `xgops_task_thread::current` was before.
  std::atomic<std::uintptr_t> context;
  std::atomic<std::uint64_t> argument;  ///< Running: the thread id. Free: the next free record.
  std::atomic<std::uint64_t> created_at;
  std::atomic<std::uint32_t> since;    ///< When it began to wait; see `coarse_ticks`.
  std::atomic<std::uint32_t> details;  ///< Index of its name, labels and creation stack; 0: none.
};
static_assert(sizeof(xgops_task_record) == 64);

namespace xgops::detail {

/// A frame that nobody uses, in memory of its size for ever.
struct FreeFrame {
  FreeFrame* next;
};

/// What one thread keeps beside its state. Blocks are reused by later threads and never freed.
struct ThreadBlock {
  static constexpr std::uint32_t kHandlerBegun = 0x100;

  static constexpr std::size_t kClasses = 128;
  static constexpr std::size_t kUnit = 16;
  static constexpr std::size_t kMaxBytes = kClasses * kUnit;
  /// Frames of a class that a thread keeps: each may hold a slab of 64 KiB back.
  static constexpr std::uint16_t kMaxCached = 64;

  FreeFrame* heads[kClasses + 1];  ///< By size in units of 16 bytes.
  std::uint16_t counts[kClasses + 1];
  std::atomic<std::uint64_t> created;  ///< Tasks created by threads that had this block.
  std::atomic<std::uint64_t> ended;    ///< Tasks that ended there, whoever created them.
  // What the thread says that it waits for; see `xgops::WaitScope`.
  std::atomic<std::uint32_t> tid;
  std::atomic<std::uint32_t> wait_argument_kind;
  std::atomic<const TaskOperation*> wait_operation;  ///< Null: nothing.
  std::atomic<std::uint64_t> wait_argument;
  /// Bit n % 64: the thread has run a task of executor n.
  std::atomic<std::uint64_t> executors;
  /// Handlers of Asio that have begun on the thread, times `kHandlerBegun`, plus those that have
  /// not ended. Modulo 2^32.
  std::atomic<std::uint32_t> handler;
  ThreadBlock* next;  ///< All blocks.
  std::atomic<bool> in_use;
};

}  // namespace xgops::detail

/// What one thread knows about tasks.
struct xgops_task_thread {
  /// The task that runs here. With bit 0 set: the task whose operation is being started, which
  /// waits already and may run elsewhere at any moment.
  std::uintptr_t current;
  xgops_task_record* initiating;  ///< Whose operation is about to be created.
  std::uint64_t initiating_id;    ///< Of that task: the record may be another's by now.
  xgops_task_record* free_tasks;
  std::uint32_t free_count;
  std::uint32_t tid;
  std::uint64_t next_id;
  std::uint64_t end_id;
  xgops::detail::ThreadBlock* block;  ///< Null before the first use, and while the thread ends.
  std::uint64_t spawn_location;       ///< Of the task that is created next; 0: not known.
  bool spawn_detached;                ///< Nobody will learn how that one ends.
  std::uint16_t spawn_executor;       ///< Where that one runs; 0: not known.
  /// Of the record in `current`, with bit 0 set, as long as nobody else has touched it.
  std::uint32_t sequence;
  std::uint32_t leak_scope;          ///< Of what is created here outside of tasks; 0: none.
  std::uint32_t handler_leak_scope;  ///< Of the handler that is invoked next, which releases it.
};

extern "C" {
/// `constinit`: without a wrapper function around each use.
extern constinit thread_local xgops_task_thread xgops_task_thread_state
    __attribute__((tls_model("initial-exec"), visibility("default")));
/// Bit 0: record who creates each task (see XGOPS_TASK_STACKS in the README). Bit 1: a leak check
/// has begun.
extern std::atomic<std::uint32_t> xgops_task_options __attribute__((visibility("default")));
/// 0 until the first operation with a callback: only then are ends worth a look.
extern std::atomic<std::uint32_t> xgops_pending_count __attribute__((visibility("default")));
}

namespace xgops::detail {

/// A program of which parts were compiled for another layout of these records does not link.
[[gnu::used]] inline const std::int32_t* const kLayoutTag = &xgops_tasks_layout_1;

inline constexpr auto kRelaxed = std::memory_order_relaxed;
inline constexpr auto kRelease = std::memory_order_release;
inline constexpr std::uint32_t kRecordCreationStacks = 1;
inline constexpr std::uint32_t kLeakChecks = 2;
inline constexpr std::uint64_t kTicksPerSecond = 128;
inline constexpr std::uintptr_t kInitiating = 1;  ///< Bit 0 of `xgops_task_thread::current`.

/// CLOCK_MONOTONIC_COARSE in 1/128 s, modulo 2^32: ages up to 388 days. Cost: 5 ns.
inline std::uint32_t coarse_ticks() noexcept {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  constexpr std::uint32_t kTickNanoseconds = 1'000'000'000 / kTicksPerSecond;
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(now.tv_sec) * kTicksPerSecond) +
         static_cast<std::uint32_t>(now.tv_nsec) / kTickNanoseconds;
}

inline void store_location(TaskNode& node, const CodeLocation& location) noexcept {
  node.location.store(location.word(), kRelease);
}
inline void store_location(TaskNodeWithFunction& node, const CodeLocation& location) noexcept {
  node.function.store(location.function_word(), kRelease);
  node.location.store(location.word(), kRelease);
}

inline xgops_task_record* record_of(std::uintptr_t current) noexcept {
  return reinterpret_cast<xgops_task_record*>(current & ~kInitiating);
}

// In the word of a parent's id.
inline constexpr std::uint64_t kDetached = std::uint64_t{1} << 63;  ///< Nobody learns how it ends.
inline constexpr unsigned kExecutorShift = 48;
inline constexpr std::uint64_t kMostExecutors = 0x7fff;
inline constexpr std::uint64_t kParentIdMask = (std::uint64_t{1} << kExecutorShift) - 1;
inline std::uint16_t executor_of(std::uint64_t parent_word) noexcept {
  return static_cast<std::uint16_t>(parent_word >> kExecutorShift & kMostExecutors);
}

inline constexpr unsigned kIdShift = 16;
inline std::uint64_t id_of(const xgops_task_record& record) noexcept {
  return record.identity.load(kRelaxed) >> kIdShift;
}
inline void set_state(xgops_task_record& record, TaskStateBits state,
                      TaskArgumentBits kind = kArgumentNone) noexcept {
  const std::uint64_t id = record.identity.load(kRelaxed) & ~std::uint64_t{0xffff};
  record.identity.store(id | (static_cast<std::uint64_t>(kind) << 8) | state, kRelease);
}

/// Whether the task runs or is being changed: nobody but its writer may ask.
inline bool is_open(const xgops_task_record& record) noexcept {
  return (record.sequence.load(kRelaxed) & 1U) != 0;
}
inline bool is_running(const xgops_task_record& record) noexcept {
  return (record.identity.load(kRelaxed) & 0xff) == kTaskRunning;
}
inline bool is_unstarted(const xgops_task_record& record) noexcept {
  return (record.identity.load(kRelaxed) & 0xff) == kTaskCreated;
}
inline void open_record(xgops_task_record& record) noexcept {
  record.sequence.store(record.sequence.load(kRelaxed) + 1, kRelaxed);
}
inline void close_record(xgops_task_record& record) noexcept {
  record.sequence.store(record.sequence.load(kRelaxed) + 1, kRelease);
}

/// A task is created while the operation of another one starts: that one waits for it.
inline void note_awaited_task(xgops_task_record& waiting, std::uint64_t id) noexcept {
  const auto kind = static_cast<std::uint8_t>((waiting.identity.load(kRelaxed) >> 8) & 0xff);
  open_record(waiting);
  if (kind == kArgumentNone) {
    waiting.argument.store(id, kRelease);
    set_state(waiting, kTaskWaiting, kArgumentTask);
  } else {
    const std::uint64_t before =
        kind == kArgumentCount ? waiting.argument.load(kRelaxed) : std::uint64_t{1};
    waiting.argument.store(before + 1, kRelease);
    set_state(waiting, kTaskWaiting, kArgumentCount);
  }
  close_record(waiting);
}

/// Where the innermost function of the user's in the chain of `record` awaits; 0: not known. For
/// the thread that starts the task's operation.
inline std::uint64_t place_of(const xgops_task_record& record) noexcept {
  for (const TaskNode* node = record.top.load(kRelaxed); node != nullptr;
       node = node->caller.load(kRelaxed)) {
    if (const std::uint64_t location = node->location.load(kRelaxed);
        location > TaskNode::kHidden) {
      return location;
    }
  }
  return 0;
}

/// For counters with one writer.
inline void add_one(std::atomic<std::uint64_t>& counter) noexcept {
  counter.store(counter.load(kRelaxed) + 1, kRelaxed);
}

/// A record for a new task, open and in the state created; `close_record` publishes it.
/// Throws std::bad_alloc. Cost: 10 ns; now and then more for a new batch of records.
inline xgops_task_record& create_task(TaskNode* top) {
  xgops_task_thread& thread = xgops_task_thread_state;
  if (thread.block == nullptr) [[unlikely]] {
    ::xgops_task_attach_thread();
  }
  xgops_task_record* record = thread.free_tasks;
  if (record == nullptr) [[unlikely]] {
    record = ::xgops_task_refill();
  } else {
    thread.free_tasks = reinterpret_cast<xgops_task_record*>(record->argument.load(kRelaxed));
    --thread.free_count;
  }
  std::uint64_t id = thread.next_id;
  if (id == thread.end_id) [[unlikely]] {
    id = ::xgops_task_refill_ids();
  }
  thread.next_id = id + 1;

  add_one(thread.block->created);
  open_record(*record);
  record->identity.store(id << kIdShift | kTaskCreated, kRelease);
  record->resumed.store(0, kRelease);
  record->top.store(top, kRelease);
  record->context.store(0, kRelease);
  record->argument.store(0, kRelease);
  record->since.store(coarse_ticks(), kRelease);
  std::uint64_t created_at = thread.spawn_location;
  thread.spawn_location = 0;
  xgops_task_record* parent = record_of(thread.current);
  const bool is_initiating = (thread.current & kInitiating) != 0;
  if (is_initiating && parent->sequence.load(kRelaxed) != thread.sequence) [[unlikely]] {
    parent = nullptr;  // It may run elsewhere, or be gone.
  }
  std::uint64_t parent_id = 0;
  if (parent != nullptr) {
    parent_id = id_of(*parent);
    if (is_initiating) {
      note_awaited_task(*parent, id);
      thread.sequence = parent->sequence.load(kRelaxed);
      // `co_await co_spawn(...)`: it is created where the other one waits.
      if (created_at == 0) {
        created_at = place_of(*parent);
      }
    }
  }
  record->created_at.store(created_at, kRelease);
  record->parent.store(parent_id | std::uint64_t{thread.spawn_executor} << kExecutorShift |
                           (thread.spawn_detached ? kDetached : 0),
                       kRelease);
  thread.spawn_detached = false;
  thread.spawn_executor = 0;
  if ((parent != nullptr && parent->details.load(kRelaxed) != 0) ||
      xgops_task_options.load(kRelaxed) != 0) [[unlikely]] {
    ::xgops_task_describe_new(record, parent);
  }
  return *record;
}

/// Notes whose tasks the thread of `block` runs.
inline void note_executor(ThreadBlock& block, const xgops_task_record& record) noexcept {
  const unsigned executor = executor_of(record.parent.load(kRelaxed));
  const std::uint64_t bit = std::uint64_t{1} << (executor % 64);
  const std::uint64_t known = block.executors.load(kRelaxed);
  if (executor != 0 && (known & bit) == 0) [[unlikely]] {
    block.executors.store(known | bit, kRelease);
  }
}

/// The task goes on, on this thread. Cost: 2 ns.
inline void resume_task(xgops_task_record& record) noexcept {
  xgops_task_thread& thread = xgops_task_thread_state;
  if (thread.block == nullptr) [[unlikely]] {
    ::xgops_task_attach_thread();
  }
  note_executor(*thread.block, record);
  open_record(record);
  record.context.store(thread.current, kRelease);
  record.argument.store(thread.tid, kRelease);
  set_state(record, kTaskRunning);
  record.resumed.store(record.resumed.load(kRelaxed) + 1, kRelease);
  thread.current = reinterpret_cast<std::uintptr_t>(&record);
  thread.initiating = nullptr;
}

/// The task waits from now on. It must not be touched after this but by who resumes it.
/// Cost: 6 ns, most of it the clock.
inline void suspend_task(xgops_task_record& record, const TaskOperation& operation) noexcept {
  record.context.store(reinterpret_cast<std::uintptr_t>(&operation), kRelease);
  record.since.store(coarse_ticks(), kRelease);
  set_state(record, kTaskWaiting);
  close_record(record);
}

/// What this thread ran before `record`, if it runs that one.
inline std::uintptr_t current_before(const xgops_task_record& record) noexcept {
  const std::uintptr_t current = xgops_task_thread_state.current;
  return record_of(current) == &record && is_running(record) ? record.context.load(kRelaxed)
                                                             : current;
}

/// The time between a task's suspension and the return of what starts its operation. The task may
/// run, and end, on another thread meanwhile.
class InitiationScope {
 public:
  InitiationScope(xgops_task_record& record, const TaskOperation& operation) noexcept
      : before_(current_before(record)),
        sequence_before_(xgops_task_thread_state.sequence),
        leak_scope_before_(xgops_task_thread_state.leak_scope) {
    xgops_task_thread& thread = xgops_task_thread_state;
    if (!is_open(record)) [[unlikely]] {
      open_record(record);  // What it waited for last could not be started.
    }
    if ((xgops_task_options.load(kRelaxed) & kLeakChecks) != 0) [[unlikely]] {
      thread.leak_scope = ::xgops_leak_scope_current();  // Of what is made here once it is gone.
    }
    thread.sequence = record.sequence.load(kRelaxed) + 1;
    suspend_task(record, operation);
    thread.current = reinterpret_cast<std::uintptr_t>(&record) | kInitiating;
    thread.initiating = nullptr;
  }
  ~InitiationScope() {
    xgops_task_thread& thread = xgops_task_thread_state;
    thread.current = before_;
    thread.sequence = sequence_before_;
    thread.leak_scope = leak_scope_before_;
    thread.initiating = nullptr;
  }
  InitiationScope(const InitiationScope&) = delete;
  InitiationScope& operator=(const InitiationScope&) = delete;

 private:
  const std::uintptr_t before_;
  const std::uint32_t sequence_before_;
  const std::uint32_t leak_scope_before_;
};

/// What the operation of the waiting task `record` turned out to be. Only before it is started.
inline void describe_wait(xgops_task_record& record, const TaskOperation& operation,
                          TaskArgumentBits kind, std::uint64_t argument) noexcept {
  xgops_task_thread& thread = xgops_task_thread_state;
  const bool is_being_started =
      thread.current == (reinterpret_cast<std::uintptr_t>(&record) | kInitiating) &&
      thread.sequence == record.sequence.load(kRelaxed);
  open_record(record);
  record.context.store(reinterpret_cast<std::uintptr_t>(&operation), kRelease);
  record.argument.store(argument, kRelease);
  set_state(record, kTaskWaiting, kind);
  if (is_being_started) {
    thread.sequence += 2;
  }
  close_record(record);
}

/// The wait of `record` is over, and the task is about to be queued. Only by who wakes it, before
/// it can run.
inline void mark_ready(xgops_task_record& record, const TaskOperation& queued) noexcept {
  if (is_open(record)) {
    return;  // One of its frames was destroyed: it will never run.
  }
  open_record(record);
  record.since.store(coarse_ticks(), kRelease);
  record.context.store(reinterpret_cast<std::uintptr_t>(&queued), kRelease);
  set_state(record, kTaskWaiting);
  close_record(record);
}

/// The running task has come to its end; its frames may stay for a while.
inline void finish_task(xgops_task_record& record) noexcept {
  xgops_task_thread& thread = xgops_task_thread_state;
  if (thread.block == nullptr) [[unlikely]] {
    ::xgops_task_attach_thread();
  }
  thread.current = current_before(record);
  if (!is_open(record)) [[unlikely]] {
    open_record(record);
  }
  set_state(record, kTaskFinished);
  if (record.details.load(kRelaxed) != 0) [[unlikely]] {
    ::xgops_task_forget_details(&record);  // Not when its frames go: it counts no more.
  }
  add_one(thread.block->ended);
}

/// The task is gone, finished or not.
inline void release_task(xgops_task_record& record) noexcept {
  xgops_task_thread& thread = xgops_task_thread_state;
  if (!is_open(record)) {
    open_record(record);
  }
  const bool ran = is_running(record);
  const bool finished = (record.identity.load(kRelaxed) & 0xff) == kTaskFinished;
  record.identity.store(kTaskFree, kRelease);
  record.top.store(nullptr, kRelease);
  if (record.details.load(kRelaxed) != 0) [[unlikely]] {
    ::xgops_task_forget_details(&record);
  }
  close_record(record);
  constexpr std::uint32_t kMaxCached = 128;
  if (thread.block == nullptr) [[unlikely]] {
    ::xgops_task_attach_thread();
  }
  if (!finished) {
    if (ran && record_of(thread.current) == &record) {
      // An exception left it: nothing said that it ended.
      thread.current = record.context.load(kRelaxed);
    }
    add_one(thread.block->ended);
  }
  if (thread.free_count >= kMaxCached) [[unlikely]] {
    ::xgops_task_spill(&record);
    return;
  }
  record.argument.store(reinterpret_cast<std::uintptr_t>(thread.free_tasks), kRelease);
  thread.free_tasks = &record;
  ++thread.free_count;
}

}  // namespace xgops::detail
