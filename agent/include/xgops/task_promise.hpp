// SPDX-License-Identifier: MIT
// Coroutines with a promise type of your own become tasks.
#pragma once

#include "xgops/code_location.hpp"
#include "xgops/detail/task_record.hpp"

#include <coroutine>
#include <string_view>
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

/// The name of a type, as the compiler prints it, without storage of its own.
template <class Type>
constexpr std::string_view awaiter_name() noexcept {
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("Type = ") + 7);
  const auto more = text.find("; std::string_view");
  return text.substr(0, more != std::string_view::npos ? more : text.rfind(']'));
}

template <class Awaiter>
inline constexpr TaskOperation kAwaiting{nullptr, awaiter_name<Awaiter>().data(),
                                         static_cast<std::uint32_t>(awaiter_name<Awaiter>().size()),
                                         0};

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
/// A promise type with an `await_transform` of its own passes on what it makes:
/// `return TaskPromise::await_transform(mine, location)`.
///
/// Primitives say what is waited for with `announce_wait` in their `await_suspend`.
///
/// Thread safety: that of the coroutine. Cost: 25 ns a coroutine, 10 ns a suspension.
class TaskPromise {
 public:
  TaskPromise() {
    own_ = &detail::create_task(&node_);
    node_.task.store(own_, detail::kRelaxed);
    detail::close_record(*own_);
  }
  TaskPromise(const TaskPromise&) = delete;
  TaskPromise& operator=(const TaskPromise&) = delete;
  ~TaskPromise() {
    if (own_ != nullptr) {
      detail::release_task(*own_);
    } else if (xgops_task_record* const record = this->record(); !detail::is_open(*record)) {
      // A frame of a waiting task is destroyed: nobody may believe its chain any more.
      detail::open_record(*record);
    }
  }

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
  /// Wraps what `final_suspend` returns.
  template <class Inner>
  auto ends(Inner inner) noexcept {
    return Ending<Inner>{std::move(inner), this};
  }

 private:
  [[nodiscard]] xgops_task_record* record() const noexcept {
    return node_.task.load(detail::kRelaxed);
  }
  /// The task goes on in this frame, woken or after a call that never waited.
  void go_on() noexcept {
    xgops_task_record& record = *this->record();
    if (!detail::is_open(record)) {
      detail::resume_task(record);
    }
    record.top.store(&node_, detail::kRelease);
  }
  /// This frame calls `callee`, which has not run yet.
  void call(TaskPromise& callee) noexcept {
    if (callee.own_ != nullptr) {
      detail::release_task(*std::exchange(callee.own_, nullptr));
    }
    callee.node_.task.store(record(), detail::kRelaxed);
    callee.node_.caller.store(&node_, detail::kRelease);
    record()->top.store(&callee.node_, detail::kRelease);
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
  struct Ending {
    Inner inner;
    TaskPromise* promise;

    bool await_ready() noexcept {
      if (promise->own_ != nullptr) {
        detail::finish_task(*promise->own_);
      }
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
        promise->call(*callee);
        return inner.await_suspend(self);
      }
      if constexpr (detail::IsTaskHandle<Result>::value) {
        // It runs when we return, not before.
        const Result started = inner.await_suspend(self);
        promise->call(started.promise());
        return started;
      } else {
        // From here on another thread may go on with the coroutine, and this object be gone.
        const detail::InitiationScope scope(*promise->record(),
                                            detail::kAwaiting<std::remove_cvref_t<Inner>>);
        return inner.await_suspend(self);
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
  xgops_task_record* own_ = nullptr;  ///< Null once another coroutine awaits this one.
};

}  // namespace xgops
