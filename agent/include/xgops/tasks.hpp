// SPDX-License-Identifier: MIT
// Tasks of any kind: coroutines with a promise type of your own, jobs of a thread pool, callbacks;
// what they wait for, and who holds that.
//
// Programs on Asio need none of this: linking xgops::asio shows all their tasks.
#pragma once

#include "xgops/code_location.hpp"
#include "xgops/detail/task_record.hpp"
#include "xgops/task_promise.hpp"
#include "xgops/tasks_abi.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace xgops {

/// What a task waits for.
enum class WaitReason : std::uint8_t {
  kNone = 0,
  kUnknown,
  kOperation,
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
  kPost,
  kJoin,
  kAllOf,
  kFirstOf,
  kGenerator,
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
  kCustom,
  kLast = kCustom,
};

static_assert(detail::kJoining.reason == static_cast<std::uint32_t>(WaitReason::kJoin));
static_assert(detail::kYielding.reason == static_cast<std::uint32_t>(WaitReason::kGenerator));
static_assert(detail::kSomeOperation.reason == static_cast<std::uint32_t>(WaitReason::kOperation));

class Holder;
class HolderSet;
class WaitKind;

/// A wait that a task has announced, kept by the primitive to say that it is over. Without that, a
/// task that was woken and has not run yet, because its executor's threads are busy, would look as
/// if it waited still, for a lock that is its own already.
///
/// Thread safety: one thread at a time, and only from the announcement until the task is resumed
/// or destroyed: under the lock of the primitive's queue.
class AnnouncedWait {
 public:
  constexpr AnnouncedWait() noexcept = default;  ///< Of nobody: saying anything of it does nothing.

  /// The task is ready from now on. To be called by who wakes it, first of all: before the lock is
  /// handed over, before the task is given to its executor. Cost: 8 ns, most of it the clock.
  void mark_ready() const noexcept;
  /// The task that waits; 0: none does.
  [[nodiscard]] std::uint64_t task() const noexcept { return task_; }

 private:
  friend AnnouncedWait announce_wait(const WaitKind& kind, const void* object) noexcept;
  friend AnnouncedWait announce_wait(const WaitKind& kind, const Holder& holder) noexcept;
  friend AnnouncedWait announce_wait(const WaitKind& kind, const HolderSet& holders) noexcept;
  static AnnouncedWait announce(const detail::TaskOperation& operation,
                                detail::TaskArgumentBits kind, std::uint64_t argument) noexcept;
  explicit AnnouncedWait(xgops_task_record& record) noexcept
      : record_(&record), task_(detail::id_of(record)) {}

  xgops_task_record* record_ = nullptr;
  std::uint64_t task_ = 0;
};

/// Who holds a lock, a token, a turn: a member of the primitive, kept up to date by it.
///
/// Thread safety: all of it; the primitive's own rules say who may hold. Cost: one store.
class Holder {
 public:
  constexpr Holder() noexcept = default;

  /// The running task, or else the calling thread, holds it from now on.
  void set_current() noexcept;
  /// The task with this id does.
  void set_task(std::uint64_t id) noexcept { word_.store(id, std::memory_order_release); }
  /// The task of this wait does, which is ready from now on: for who lets go and wakes the next.
  void hand_to(const AnnouncedWait& next) noexcept {
    next.mark_ready();
    set_task(next.task());
  }
  void clear() noexcept { word_.store(0, std::memory_order_release); }

  /// The task that holds it; 0: none.
  [[nodiscard]] std::uint64_t task() const noexcept {
    const std::uint64_t word = word_.load(std::memory_order_acquire);
    return (word & kThread) == 0 ? word : 0;
  }

  static constexpr std::uint64_t kThread = std::uint64_t{1} << 63;  ///< Beside a thread's id.

 private:
  std::atomic<std::uint64_t> word_{0};  ///< A task's id, or `kThread` and a thread's; 0: nobody.
};
static_assert(sizeof(Holder) == 8, "readers of waits rely on it");

/// Those on whom a wait depends when it is not one: readers of a lock, members of a wait group, who
/// sends into a channel. A member of the primitive, kept up to date by it.
///
/// Thread safety: all of it. Cost: 1 to 15 ns.
class HolderSet {
 public:
  enum class Ends : std::uint32_t {
    kAllLetGo = 0,  ///< The wait ends when all of them have let go.
    kOneActs = 1,   ///< The wait ends when any of them acts.
  };
  /// So many are listed, the others counted.
  static constexpr std::size_t kListed = 12;

  constexpr explicit HolderSet(Ends ends) noexcept
      : kind_(kMark | static_cast<std::uint32_t>(ends)) {}
  ~HolderSet() = default;
  HolderSet(const HolderSet&) = delete;
  HolderSet& operator=(const HolderSet&) = delete;

  /// The running task, or else the calling thread. Who comes twice is in it twice.
  void add_current() noexcept;
  void remove_current() noexcept;
  void add_task(std::uint64_t id) noexcept { add(id); }
  void remove_task(std::uint64_t id) noexcept { remove(id); }
  /// All of `others`, which must outlive this set, as they are when somebody looks: for a wait for
  /// one of several things.
  void include(const HolderSet& others) noexcept {
    add(kSet | reinterpret_cast<std::uint64_t>(&others));
  }
  void clear() noexcept {
    for (auto& word : words_) {
      word.store(0, std::memory_order_release);
    }
    unlisted_.store(0, std::memory_order_release);
  }
  /// Says that nobody else can end the wait. Without it, somebody may still come along.
  void seal() noexcept { kind_.fetch_or(kSealed, std::memory_order_release); }

  static constexpr std::uint64_t kSet = std::uint64_t{1} << 62;  ///< Beside a set's address.
  static constexpr std::uint32_t kSealed = 2;
  static constexpr std::uint32_t kMark = 0x48530000;  ///< Tells a set from other memory.

 private:
  void add(std::uint64_t word) noexcept {
    for (auto& each : words_) {
      std::uint64_t free = 0;
      if (each.compare_exchange_strong(free, word, std::memory_order_acq_rel)) {
        return;
      }
    }
    unlisted_.fetch_add(1, std::memory_order_acq_rel);
  }
  void remove(std::uint64_t word) noexcept {
    for (auto& each : words_) {
      std::uint64_t expected = word;
      if (each.compare_exchange_strong(expected, 0, std::memory_order_acq_rel)) {
        return;
      }
    }
    std::uint32_t others = unlisted_.load(std::memory_order_relaxed);
    while (others > 0 &&
           !unlisted_.compare_exchange_weak(others, others - 1, std::memory_order_acq_rel)) {
    }
  }

  std::atomic<std::uint32_t> kind_;
  std::atomic<std::uint32_t> unlisted_{0};
  std::atomic<std::uint64_t> words_[kListed]{};  ///< As in `Holder`, or a set.
};
static_assert(sizeof(HolderSet) == 8 + 8 * HolderSet::kListed, "readers of waits rely on it");

/// The id of the task that runs on this thread; 0: none. Cost: 1 ns.
[[nodiscard]] inline std::uint64_t current_task_id() noexcept {
  const auto* const record = detail::record_of(xgops_task_thread_state.current);
  return record == nullptr ? 0 : detail::id_of(*record);
}

namespace detail {

/// The running task, or else the calling thread, as `Holder` has it.
inline std::uint64_t current_holder() noexcept {
  const std::uint64_t task = current_task_id();
  if (task == 0 && xgops_task_thread_state.block == nullptr) {
    ::xgops_task_attach_thread();
  }
  return task != 0 ? task : Holder::kThread | xgops_task_thread_state.tid;
}

}  // namespace detail

inline void Holder::set_current() noexcept {
  set_task(detail::current_holder());
}
inline void HolderSet::add_current() noexcept {
  add(detail::current_holder());
}
inline void HolderSet::remove_current() noexcept {
  remove(detail::current_holder());
}

/// Names the task that runs on this thread; cut to 47 bytes. Without one it does nothing.
inline void name_task(const char* name) noexcept {
  if (auto* const record = detail::record_of(xgops_task_thread_state.current)) {
    ::xgops_task_set_name(record, name);
  }
}

/// Gives the running task a label, which tasks that it creates from now on inherit. There may be
/// 65,535 different sets of labels in a process: a label for every request is too many.
inline void label_task(const char* key, const char* value) noexcept {
  if (auto* const record = detail::record_of(xgops_task_thread_state.current)) {
    ::xgops_task_set_label(record, key, value);
  }
}

/// How many tasks there are. Cost: some ns a thread.
[[nodiscard]] inline std::uint64_t task_count() noexcept {
  return ::xgops_task_count();
}

/// One task as `visit_tasks` shows it; gone when the visitor returns.
using TaskView = ::xgops_task_view;

/// Calls `visitor(const TaskView&)` for every live task, in no order. When it returns a bool, false
/// stops. Neither stops any thread nor waits for one. The visitor may create tasks, not throw.
/// Cost: 1 us a task.
template <class Visitor>
void visit_tasks(Visitor&& visitor) {
  auto call = [&visitor](const TaskView& task) -> bool {
    if constexpr (std::is_void_v<std::invoke_result_t<Visitor&, const TaskView&>>) {
      visitor(task);
      return true;
    } else {
      return visitor(task);
    }
  };
  ::xgops_task_visit(
      [](void* context, const TaskView* task) -> std::int32_t {
        return (*static_cast<decltype(call)*>(context))(*task) ? 1 : 0;
      },
      &call);
}

/// Writes every task with its chain to `fd`, as text. Returns 0 or an errno value.
inline int print_stacks(int fd) noexcept {
  return ::xgops_print_stacks(fd);
}

/// A kind of wait of your own: `static constexpr WaitKind kLock{WaitReason::kMutexLock};` or, in
/// your words, `static constexpr WaitKind kTurn{"turn of the printer"};`. Must live for ever.
class WaitKind {
 public:
  constexpr explicit WaitKind(WaitReason reason) noexcept
      : operation_{nullptr, nullptr, 0, static_cast<std::uint32_t>(reason)} {}
  constexpr explicit WaitKind(const char* words) noexcept
      : operation_{nullptr, words, 0, static_cast<std::uint32_t>(WaitReason::kCustom)} {}

  [[nodiscard]] constexpr const detail::TaskOperation& operation() const noexcept {
    return operation_;
  }

 private:
  detail::TaskOperation operation_;
};

inline void AnnouncedWait::mark_ready() const noexcept {
  static constexpr WaitKind kQueued{WaitReason::kPost};
  if (record_ != nullptr && detail::id_of(*record_) == task_) {
    detail::mark_ready(*record_, kQueued.operation());
  }
}

inline AnnouncedWait AnnouncedWait::announce(const detail::TaskOperation& operation,
                                             detail::TaskArgumentBits kind,
                                             std::uint64_t argument) noexcept {
  const std::uintptr_t current = xgops_task_thread_state.current;
  if ((current & detail::kInitiating) == 0) {
    return {};
  }
  xgops_task_record& record = *detail::record_of(current);
  detail::describe_wait(record, operation, kind, argument);
  return AnnouncedWait(record);
}

/// Says what the task that is being suspended waits for: to be called by a primitive in its
/// `await_suspend`, or in the function that starts its asynchronous operation, before the task can
/// be woken. `object` is what is waited for. Outside of those it does nothing. Who wakes the task
/// says so with what is returned. Cost: 2 ns.
inline AnnouncedWait announce_wait(const WaitKind& kind, const void* object = nullptr) noexcept {
  return AnnouncedWait::announce(
      kind.operation(), object == nullptr ? detail::kArgumentNone : detail::kArgumentObject,
      reinterpret_cast<std::uint64_t>(object));
}

/// The same for something that one task or thread holds. `holder` must outlive the wait.
inline AnnouncedWait announce_wait(const WaitKind& kind, const Holder& holder) noexcept {
  return AnnouncedWait::announce(kind.operation(), detail::kArgumentHolder,
                                 reinterpret_cast<std::uint64_t>(&holder));
}

/// The same for something that several hold, or any of several can end.
inline AnnouncedWait announce_wait(const WaitKind& kind, const HolderSet& holders) noexcept {
  return AnnouncedWait::announce(kind.operation(), detail::kArgumentHolderSet,
                                 reinterpret_cast<std::uint64_t>(&holders));
}

/// Says what this thread waits for, from here to the end of the scope: around a blocking wait of a
/// primitive of your own, of which the kernel sees only a futex. May be nested; the innermost
/// counts. Cost: 5 ns.
class [[nodiscard]] WaitScope {
 public:
  explicit WaitScope(const WaitKind& kind, const void* object = nullptr) noexcept
      : WaitScope(kind, object == nullptr ? detail::kArgumentNone : detail::kArgumentObject,
                  reinterpret_cast<std::uint64_t>(object)) {}
  /// For something that one task or thread holds.
  WaitScope(const WaitKind& kind, const Holder& holder) noexcept
      : WaitScope(kind, detail::kArgumentHolder, reinterpret_cast<std::uint64_t>(&holder)) {}
  /// For something that several hold, or any of several can end.
  WaitScope(const WaitKind& kind, const HolderSet& holders) noexcept
      : WaitScope(kind, detail::kArgumentHolderSet, reinterpret_cast<std::uint64_t>(&holders)) {}
  ~WaitScope() {
    if (block_ != nullptr) {
      announce(before_, before_kind_, before_argument_);
    }
  }
  WaitScope(const WaitScope&) = delete;
  WaitScope& operator=(const WaitScope&) = delete;

 private:
  WaitScope(const WaitKind& kind, std::uint32_t argument_kind, std::uint64_t argument) noexcept {
    if (xgops_task_thread_state.block == nullptr) {
      ::xgops_task_attach_thread();
    }
    block_ = xgops_task_thread_state.block;
    before_ = block_->wait_operation.load(detail::kRelaxed);
    before_kind_ = block_->wait_argument_kind.load(detail::kRelaxed);
    before_argument_ = block_->wait_argument.load(detail::kRelaxed);
    announce(&kind.operation(), argument_kind, argument);
  }
  /// Readers that see a kind see what belongs to it, or nothing.
  void announce(const detail::TaskOperation* operation, std::uint32_t argument_kind,
                std::uint64_t argument) noexcept {
    block_->wait_operation.store(nullptr, detail::kRelease);
    block_->wait_argument_kind.store(argument_kind, detail::kRelease);
    block_->wait_argument.store(argument, detail::kRelease);
    block_->wait_operation.store(operation, detail::kRelease);
  }

  detail::ThreadBlock* block_ = nullptr;
  const detail::TaskOperation* before_ = nullptr;
  std::uint32_t before_kind_ = 0;
  std::uint64_t before_argument_ = 0;
};

/// A piece of work that is no coroutine: a job of a thread pool, a callback. It exists from here to
/// its destruction, first queued, then, within `run()`, running:
/// `pool.submit([job = xgops::Job("resize")]() mutable { const auto running = job.run(); ... });`
///
/// Thread safety: one thread at a time. Cost: 20 ns, and more for a name.
class Job {
 public:
  explicit Job(const char* name = nullptr, CodeLocation created_at = CodeLocation::current()) {
    xgops_task_thread_state.spawn_location = created_at.word();
    record_ = &detail::create_task(nullptr);
    detail::close_record(*record_);
    if (name != nullptr) {
      ::xgops_task_set_name(record_, name);
    }
  }
  ~Job() {
    if (record_ != nullptr) {
      detail::release_task(*record_);
    }
  }
  Job(Job&& other) noexcept : record_(std::exchange(other.record_, nullptr)) {}
  Job& operator=(Job&& other) noexcept {
    std::swap(record_, other.record_);
    return *this;
  }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  /// While it lives the job is the task that runs on this thread.
  class [[nodiscard]] Running {
   public:
    explicit Running(xgops_task_record& record) noexcept : record_(record) {
      detail::resume_task(record_);
    }
    ~Running() {
      static constexpr WaitKind kQueued{WaitReason::kPost};
      const std::uintptr_t before = detail::current_before(record_);
      detail::suspend_task(record_, kQueued.operation());
      xgops_task_thread_state.current = before;
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    xgops_task_record& record_;
  };
  Running run() noexcept { return Running(*record_); }

  [[nodiscard]] std::uint64_t id() const noexcept { return detail::id_of(*record_); }

 private:
  xgops_task_record* record_ = nullptr;
};

/// Names a stretch of work of this thread: a job that is created, run and ended in one scope.
class TaskScope {
 public:
  explicit TaskScope(const char* name = nullptr, CodeLocation created_at = CodeLocation::current())
      : job_(name, created_at), running_(job_.run()) {}

 private:
  Job job_;
  Job::Running running_;
};

}  // namespace xgops
