// SPDX-License-Identifier: MIT
// Coroutines with a promise type of your own become tasks.
#pragma once

#include "xgops/code_location.hpp"
#include "xgops/detail/frame_memory.hpp"
#include "xgops/detail/lost_exception.hpp"
#include "xgops/detail/operation_of.hpp"
#include "xgops/detail/task_record.hpp"

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace xgops {

class TaskPromise;

namespace detail {

/// The awaiter of an operand, as the language finds it.
template <class Operand>
decltype(auto) awaiter_of(Operand&& operand) {
  if constexpr (requires { std::forward<Operand>(operand).operator co_await(); }) {
    return std::forward<Operand>(operand).operator co_await();
  } else if constexpr (requires { operator co_await(std::forward<Operand>(operand)); }) {
    return operator co_await(std::forward<Operand>(operand));
  } else {
    return std::forward<Operand>(operand);
  }
}

template <class Awaiter>
inline constexpr TaskOperation kAwaiting{nullptr, type_name<Awaiter>().data(),
                                         static_cast<std::uint32_t>(type_name<Awaiter>().size()),
                                         0};

/// `WaitReason::kJoin` of tasks.hpp, as the ones below.
inline constexpr TaskOperation kJoining{nullptr, nullptr, 0, 19};
/// `WaitReason::kGenerator`: it gave a value, and waits until somebody wants the next.
inline constexpr TaskOperation kYielding{nullptr, nullptr, 0, 22};
/// `WaitReason::kOperation`.
inline constexpr TaskOperation kSomeOperation{nullptr, nullptr, 0, 2};

template <class Handle>
struct IsTaskHandle : std::false_type {};
template <class Promise>
struct IsTaskHandle<std::coroutine_handle<Promise>>
    : std::bool_constant<std::is_base_of_v<TaskPromise, Promise>> {};

}  // namespace detail

/// A base class for promise types. A coroutine is a task of its own unless a tracked coroutine
/// awaits it: then it is a frame in the chain of that one. In three lines:
///
///     struct promise_type : xgops::TaskPromise {
///       auto initial_suspend() noexcept { return starts(std::suspend_always{}); }
///       auto final_suspend() noexcept { return ends(FinalAwaiter{}); }
///
/// Calls are recognised when the awaiter of the coroutine's type returns the typed handle of the
/// coroutine it starts from `await_suspend` (symmetric transfer). Where it does not, a fourth line,
/// a friend of that type, says which coroutine is awaited:
///
///     friend xgops::TaskPromise& xgops_promise(Task& task) { return task.handle_.promise(); }
///
/// A coroutine that yields wraps what its `yield_value` returns, too: `return yields(Awaiter{});`.
///
/// One with `get_return_object_on_allocation_failure` needs an `operator new` of its own that does
/// not throw; its frames then are on the heap.
///
/// A promise type with an `await_transform` of its own passes on what it makes:
/// `return TaskPromise::await_transform(mine, location)`.
///
/// One that runs already, as a task of its own, stays one, and is waited for ("join").
///
/// Primitives say what is waited for with `announce_wait` in their `await_suspend`. When that
/// returns a coroutine to go on with, its type must be `std::coroutine_handle<>`.
///
/// Thread safety: that of the coroutine. Cost: 25 ns a coroutine, 10 ns a suspension.
class TaskPromise {
 public:
  TaskPromise() {
    xgops_task_record& record = detail::create_task(&node_);
    node_.task.store(&record, detail::kRelaxed);
    detail::close_record(record);
  }
  TaskPromise(const TaskPromise&) = delete;
  TaskPromise& operator=(const TaskPromise&) = delete;
  ~TaskPromise() {
    xgops_task_record& record = *this->record();
    if (called_in_ == 0) {
      detail::release_task(record);
    } else if (called_in_ == detail::id_of(record) && !detail::is_open(record)) {
      // A frame of a waiting task is destroyed: nobody may believe its chain any more.
      detail::open_record(record);
    }
  }

  /// The id of the task that this coroutine is, or is a part of.
  [[nodiscard]] std::uint64_t task_id() const noexcept { return detail::id_of(*record()); }

  // Not inline: GCC 12 warns of a mismatch when it inlines only one of them.
  [[gnu::noinline]] static void* operator new(std::size_t bytes) {
    return detail::allocate_frame(bytes);
  }
  [[gnu::noinline]] static void operator delete(void* memory, std::size_t bytes) noexcept {
    detail::free_frame(memory, bytes);
  }
  /// What `co_await operand` turns into.
  template <class Operand>
  auto await_transform(Operand&& operand, CodeLocation location = CodeLocation::current()) {
    detail::store_location(node_, location);
    TaskPromise* callee = nullptr;
    if constexpr (requires { xgops_promise(operand); }) {
      callee = &xgops_promise(operand);
    }
    using Inner = decltype(detail::awaiter_of(std::forward<Operand>(operand)));
    return Awaiting<Inner>{detail::awaiter_of(std::forward<Operand>(operand)), this, callee};
  }

 protected:
  /// Wraps what `initial_suspend` returns.
  template <class Inner>
  auto starts(Inner inner) noexcept {
    return Starting<Inner>{std::move(inner), this};
  }
  /// To be called in `unhandled_exception` when nobody will be told of it: of a coroutine that is
  /// not awaited, whose handle nobody asks. `xgops diagnose --rules lost-exception` shows how
  /// often, where and what. Cost: that of throwing once more.
  void lose_exception() noexcept {
    if (called_in_ == 0) {
      detail::lose_exception(*record(), node_);
    }
  }
  /// Wraps what `yield_value` returns: the coroutine waits for whoever wants the next value, unless
  /// it was called, and its caller goes on.
  template <class Inner>
  auto yields(Inner inner) {
    return Yielding<Inner>{std::move(inner), this};
  }
  /// Wraps what `final_suspend` returns.
  template <class Inner>
  auto ends(Inner inner) noexcept {
    return Ending<Inner>{std::move(inner), this};
  }

  // For promise types of libraries, see detail/asio_coro.ipp.
  [[nodiscard]] xgops_task_record* record() const noexcept {
    return node_.task.load(detail::kRelaxed);
  }
  /// Whether another coroutine has awaited this one: it is no task of its own.
  [[nodiscard]] bool is_called() const noexcept { return called_in_ != 0; }
  void set_location(const CodeLocation& location) noexcept {
    detail::store_location(node_, location);
  }
  /// `start`, which may throw, starts what the coroutine waits for. From then on another thread may
  /// go on with the coroutine, and this object be gone.
  template <class Start>
  auto wait(const detail::TaskOperation& operation, Start&& start) {
    return guarded([&] {
      const detail::InitiationScope scope(*record(), operation);
      return start();
    });
  }
  /// The same for another task, or for a coroutine of which nothing is known.
  template <class Start>
  auto wait_for(const TaskPromise* task, Start&& start) {
    return guarded([&] {
      const detail::InitiationScope scope(*record(), detail::kJoining);
      if (task != nullptr) {
        detail::describe_wait(*record(), detail::kJoining, detail::kArgumentTask, task->task_id());
      }
      return start();
    });
  }
  /// `start` runs `callee` on this thread. If that is a task already, it is waited for.
  template <class Start>
  auto try_call(TaskPromise& callee, Start&& start) {
    return call(callee) ? guarded(start) : wait_for(&callee, start);
  }
  /// The task goes on in this frame, woken or after a call that never waited.
  void go_on() noexcept {
    xgops_task_record& record = *this->record();
    if (!detail::is_running(record)) {
      if (detail::is_open(record)) [[unlikely]] {
        detail::close_record(record);  // One of its frames was destroyed while it waited.
      }
      detail::resume_task(record);
    }
    record.top.store(&node_, detail::kRelease);
  }

 private:
  static constexpr std::uint64_t kReturned = ~std::uint64_t{0};  ///< No task has this id.

  /// A coroutine whose awaiter throws goes on.
  template <class Start>
  auto guarded(Start&& start) {
#if defined(__cpp_exceptions)
    try {
      return start();
    } catch (...) {
      go_on();
      throw;
    }
#else
    return start();
#endif
  }

  /// This frame calls `callee`, which has not run yet or gave a value to this task before. False:
  /// it is no call; `callee` is a task on its way, or part of one.
  bool call(TaskPromise& callee) noexcept {
    xgops_task_record& record = *this->record();
    const std::uint64_t id = detail::id_of(record);
    if (callee.called_in_ == 0) {
      if (!detail::is_unstarted(*callee.record())) {
        return false;
      }
      detail::release_task(*callee.record());
    } else if (&callee == this ||
               (callee.called_in_ != id && callee.called_in_ == callee.task_id()) ||
               callee.called_in_ == kReturned) {
      return false;
    }
    callee.called_in_ = id;
    callee.node_.task.store(&record, detail::kRelaxed);
    callee.node_.caller.store(&node_, detail::kRelease);
    record.top.store(&callee.node_, detail::kRelease);
    return true;
  }
  /// The coroutine has come to its end; its frame may stay for a while.
  void end() noexcept {
    if (called_in_ == 0) {
      detail::finish_task(*record());
    } else {
      // The frame may be destroyed after its caller's task, whose record then is another's.
      called_in_ = kReturned;
    }
  }

  template <class Inner>
  struct Starting {
    Inner inner;
    TaskPromise* promise;

    bool await_ready() noexcept { return inner.await_ready(); }
    template <class Promise>
    auto await_suspend(std::coroutine_handle<Promise> self) noexcept {
      return inner.await_suspend(self);
    }
    void await_resume() noexcept {
      promise->go_on();
      inner.await_resume();
    }
  };

  template <class Inner>
  struct Yielding {
    Inner inner;
    TaskPromise* promise;

    bool await_ready() { return inner.await_ready(); }
    template <class Promise>
    auto await_suspend(std::coroutine_handle<Promise> self) {
      const auto suspend = [&] { return inner.await_suspend(self); };
      return promise->is_called() ? promise->guarded(suspend)
                                  : promise->wait(detail::kYielding, suspend);
    }
    decltype(auto) await_resume() {
      promise->go_on();
      return inner.await_resume();
    }
  };

  template <class Inner>
  struct Ending {
    Inner inner;
    TaskPromise* promise;

    bool await_ready() noexcept {
      promise->end();
      return inner.await_ready();
    }
    template <class Promise>
    auto await_suspend(std::coroutine_handle<Promise> self) noexcept {
      return inner.await_suspend(self);
    }
    void await_resume() noexcept { inner.await_resume(); }
  };

  template <class Inner>
  struct Awaiting {
    Inner inner;
    TaskPromise* promise;
    TaskPromise* callee;

    bool await_ready() { return inner.await_ready(); }

    template <class Promise>
    auto await_suspend(std::coroutine_handle<Promise> self) {
      using Result = decltype(inner.await_suspend(self));
      if (callee != nullptr) {
        return promise->try_call(*callee, [&] { return inner.await_suspend(self); });
      }
      if constexpr (detail::IsTaskHandle<Result>::value) {
        // It runs when we return, not before.
        const Result started = inner.await_suspend(self);
        promise->call(started.promise());
        return started;
      } else {
        return promise->wait(detail::kAwaiting<std::remove_cvref_t<Inner>>,
                             [&] { return inner.await_suspend(self); });
      }
    }

    decltype(auto) await_resume() {
      promise->go_on();
      return inner.await_resume();
    }
  };

  using Node = std::conditional_t<CodeLocation::kHasFunctionWord, detail::TaskNodeWithFunction,
                                  detail::TaskNode>;
  Node node_;
  /// The task whose coroutine called this one; 0: none did, it is a task of its own.
  std::uint64_t called_in_ = 0;
};

}  // namespace xgops
