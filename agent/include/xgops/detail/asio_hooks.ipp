// SPDX-License-Identifier: MIT
// The promise type that stock awaitables get, for Asio and for Boost.Asio: included once for each.
//
// Needs: XGOPS_ASIO (the library's namespace), XGOPS_ASIO_VERSION, XGOPS_ASIO_HOOKS (a namespace of
// our own), XGOPS_ASIO_OWN_FRAMES, XGOPS_ASIO_BEGIN and XGOPS_ASIO_END (open and close the library's
// namespace).
//
// How it works. `std::coroutine_traits<awaitable<T, Executor>, ...>` has a partial specialisation by
// the library; one with a constraint is more specialised than that, so ours is taken. Our promise
// derives from the library's frame, which stays at the same place, so that handles made by either
// are good for both. A frame that co_spawn makes is a task; awaiting another awaitable links that
// frame to this one; awaiting an operation suspends the task just before the operation starts.

namespace xgops::detail::XGOPS_ASIO_HOOKS {

template <class T>
concept always = true;

/// For a specialisation of the library's frame that may look into an awaitable.
struct FrameAccess {};

template <class T>
struct AwaitableTraits : std::false_type {};
template <class T, class Executor>
struct AwaitableTraits<XGOPS_ASIO::awaitable<T, Executor>> : std::true_type {
  using Value = T;
};

}  // namespace xgops::detail::XGOPS_ASIO_HOOKS

// Every specialisation of `awaitable_frame` is a friend of every awaitable.
XGOPS_ASIO_BEGIN
namespace detail {
template <class Executor>
class awaitable_frame<xgops::detail::XGOPS_ASIO_HOOKS::FrameAccess, Executor> {
 public:
  template <class T>
  static awaitable_frame<T, Executor>* frame_of(const awaitable<T, Executor>& operand) noexcept {
    return operand.frame_;
  }
};
}  // namespace detail
XGOPS_ASIO_END

namespace xgops::detail::XGOPS_ASIO_HOOKS {

template <class Executor>
using FrameBase = XGOPS_ASIO::detail::awaitable_frame_base<Executor>;

#if XGOPS_ASIO_VERSION >= 102000
template <class T, class... Arguments>
struct IsEntry : std::is_same<T, XGOPS_ASIO::detail::awaitable_thread_entry_point> {};
#else
template <class T, class... Arguments>
struct IsEntry : std::false_type {};
template <class U, class Executor, class... Arguments>
struct IsEntry<void, XGOPS_ASIO::awaitable<U, Executor>*, Arguments...> : std::true_type {};
#endif

using Node = std::conditional_t<CodeLocation::kHasFunctionWord, TaskNodeWithFunction, TaskNode>;

/// What every tracked frame has.
template <class T, class Executor>
class TrackedFrame : public XGOPS_ASIO::detail::awaitable_frame<T, Executor> {
 public:
  TrackedFrame() noexcept = default;
  TrackedFrame(const TrackedFrame&) = delete;
  TrackedFrame& operator=(const TrackedFrame&) = delete;
  ~TrackedFrame() {
    // A frame of a waiting task is destroyed: whoever reads its chain must not believe it any more.
    if (xgops_task_record* const record = this->record(); record != nullptr && !is_open(*record)) {
      open_record(*record);
    }
  }

#if XGOPS_ASIO_OWN_FRAMES
  // Not inline: GCC 12 warns of a mismatch when it inlines only one of them.
  [[gnu::noinline]] static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
  [[gnu::noinline]] static void operator delete(void* memory, std::size_t bytes) noexcept {
    free_frame(memory, bytes);
  }
#endif

  [[nodiscard]] xgops_task_record* record() const noexcept { return node_.task.load(kRelaxed); }
  [[nodiscard]] Node& node() noexcept { return node_; }

  /// This frame is awaited by `caller`, which belongs to `record`.
  void link(xgops_task_record* record, Node* caller) noexcept {
    node_.task.store(record, kRelaxed);
    node_.caller.store(caller, kRelease);
    if (record != nullptr) {
      record->top.store(&node_, kRelease);
    }
  }

 protected:
  void set_record(xgops_task_record* record) noexcept { node_.task.store(record, kRelaxed); }
  void set_location(const CodeLocation& location) noexcept { store_location(node_, location); }
  void hide() noexcept { node_.location.store(TaskNode::kHidden, kRelease); }
  /// The user knows no such function but the place where it is called: of a task that has nothing
  /// else, where it was created.
  void hide_operator() noexcept {
    const TaskNode* const caller = node_.caller.load(kRelaxed);
    const bool is_root = caller != nullptr && caller->caller.load(kRelaxed) == nullptr;
    const std::uint64_t place =
        is_root && record() != nullptr ? record()->created_at.load(kRelaxed) : 0;
    node_.location.store(place != 0 ? place : TaskNode::kHidden, kRelease);
  }

 private:
  Node node_;
};

/// Calls a function that starts an operation; the task waits from before that on.
template <class Function, class Executor>
struct Initiator {
  Function function;
  xgops_task_record* record;
  const TaskOperation* operation;

  auto operator()(FrameBase<Executor>* frame) -> decltype(function(frame)) {
    if (record == nullptr) {
      return function(frame);
    }
    const InitiationScope scope(*record, *operation);
    return function(frame);
  }
};

#if XGOPS_ASIO_VERSION >= 102400
/// An operation object (`async_operation`) that is awaited directly.
template <class Operation>
struct OperationInitiator {
  Operation&& operation;
  xgops_task_record* record;

  template <class Token>
  auto operator()(Token&& token)
      -> decltype(std::forward<Operation>(operation)(std::forward<Token>(token))) {
    if (record == nullptr) {
      return std::forward<Operation>(operation)(std::forward<Token>(token));
    }
    const InitiationScope scope(*record, kOperationOf<std::decay_t<Operation>>);
    return std::forward<Operation>(operation)(std::forward<Token>(token));
  }
};
#endif

enum class FrameKind : std::uint8_t {
  kPlain,     ///< A coroutine of the user's.
  kEntry,     ///< Of co_spawn itself: the root of a task.
  kOperator,  ///< Perhaps the library's `operator&&` or `operator||`; a user's may look the same.
};

/// The frame of a coroutine.
template <class T, class Executor, FrameKind kKind>
class Promise : public TrackedFrame<T, Executor> {
  using Base = XGOPS_ASIO::detail::awaitable_frame<T, Executor>;
  static constexpr bool kIsEntry = kKind == FrameKind::kEntry;

 public:
  Promise() noexcept(!kIsEntry) {
    if constexpr (kIsEntry) {
      xgops_task_record& record = create_task(&this->node());
      this->set_record(&record);
      close_record(record);
    }
  }
  Promise(const Promise&) = delete;
  Promise& operator=(const Promise&) = delete;
  ~Promise() {
    if constexpr (kIsEntry) {
      xgops_task_record* const record = this->record();
      this->set_record(nullptr);
      release_task(*record);
    }
  }

  auto initial_suspend() noexcept {
    struct Awaiter {
      Promise* promise;
      [[nodiscard]] bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> /*self*/) const noexcept {}
      void await_resume() const noexcept {
        if constexpr (kIsEntry) {
          resume_task(*promise->record());
        }
      }
    };
    return Awaiter{this};
  }

  auto final_suspend() noexcept {
    if constexpr (kIsEntry) {
      finish_task(*this->record());
    }
    return Base::final_suspend();
  }

  void unhandled_exception() {
    if constexpr (!kIsEntry) {
      // Called by co_spawn itself, which gives it to a token that drops it.
      const TaskNode* const caller = this->node().caller.load(kRelaxed);
      const bool is_root = caller != nullptr && caller->caller.load(kRelaxed) == nullptr;
      const xgops_task_record* const record = this->record();
      if (is_root && record != nullptr && (record->parent.load(kRelaxed) & kDetached) != 0) {
        lose_exception(*record, this->node());
      }
    }
    Base::unhandled_exception();
  }

  /// What `co_await operand` turns into.
  template <class Operand>
    requires requires(Base& base, Operand&& operand) {
      base.await_transform(std::forward<Operand>(operand));
    }
  auto await_transform(Operand&& operand, CodeLocation location = CodeLocation::current(),
                       [[maybe_unused]] const char* file = __builtin_FILE()) {
    using Plain = std::remove_cvref_t<Operand>;
    if constexpr (AwaitableTraits<Plain>::value) {
      set_place(location, file);
      return CallAwaiter<typename AwaitableTraits<Plain>::Value>{
          Base::await_transform(std::forward<Operand>(operand)), this};
    }
#if XGOPS_ASIO_VERSION >= 102400
    else if constexpr (XGOPS_ASIO::is_async_operation<Operand>::value) {
      set_place(location, file);
      return OperationAwaiter<Operand>(this, std::forward<Operand>(operand));
    }
#endif
    else if constexpr (std::is_invocable_v<Plain&, FrameBase<Executor>*>) {
      set_place(location, file);
      using Function = Initiator<Plain, Executor>;
      using Inner = decltype(Base::await_transform(std::declval<Function>()));
      return FunctionAwaiter<Inner>{
          Base::await_transform(Function{std::forward<Operand>(operand), this->record(),
                                         &kOperationOf<Plain>}),
          this};
    } else {
      // this_coro::... never suspends.
      return Base::await_transform(std::forward<Operand>(operand));
    }
  }

 private:
  void set_place([[maybe_unused]] const CodeLocation& location,
                 [[maybe_unused]] const char* file) noexcept {
    if constexpr (kIsEntry) {
      this->hide();  // co_spawn itself: below every task, and of no interest.
      return;
    }
    if constexpr (kKind == FrameKind::kOperator) {
      if (std::string_view(file).ends_with("experimental/awaitable_operators.hpp")) {
        this->hide_operator();
        return;
      }
    }
    this->set_location(location);
  }

  /// The task goes on in this frame, woken or after a call that never waited.
  void go_on() noexcept {
    xgops_task_record* const record = this->record();
    if (record == nullptr) {
      return;
    }
    if (!is_open(*record)) {
      resume_task(*record);
    }
    record->top.store(&this->node(), kRelease);
  }

  /// Awaits another coroutine: a call.
  template <class U>
  struct CallAwaiter {
    XGOPS_ASIO::awaitable<U, Executor> operand;
    Promise* promise;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Derived>
    void await_suspend(std::coroutine_handle<Derived> caller) {
      using Access = XGOPS_ASIO::detail::awaitable_frame<FrameAccess, Executor>;
      static_cast<TrackedFrame<U, Executor>*>(Access::frame_of(operand))
          ->link(promise->record(), &promise->node());
      operand.await_suspend(XGOPS_ASIO::detail::coroutine_handle<Base>::from_promise(
          static_cast<Base&>(caller.promise())));
    }
    U await_resume() {
      promise->go_on();
      return operand.await_resume();
    }
  };

  /// Awaits a function that starts an operation.
  template <class Inner>
  struct FunctionAwaiter {
    Inner inner;
    Promise* promise;

    bool await_ready() { return inner.await_ready(); }
    auto await_suspend(std::coroutine_handle<> caller) { return inner.await_suspend(caller); }
    decltype(auto) await_resume() {
      promise->go_on();
      return inner.await_resume();
    }
  };

#if XGOPS_ASIO_VERSION >= 102400
  template <class Operation>
  class OperationAwaiter {
    using Started = OperationInitiator<Operation>;
    using Inner = decltype(std::declval<Base&>().await_transform(std::declval<Started&&>()));

   public:
    OperationAwaiter(Promise* promise, Operation&& operation)
        : started_{std::forward<Operation>(operation), promise->record()},
          promise_(promise),
          inner_(static_cast<Base*>(promise)->await_transform(std::move(started_))) {}
    OperationAwaiter(const OperationAwaiter&) = delete;
    OperationAwaiter& operator=(const OperationAwaiter&) = delete;

    bool await_ready() { return inner_.await_ready(); }
    auto await_suspend(std::coroutine_handle<> caller) { return inner_.await_suspend(caller); }
    decltype(auto) await_resume() {
      promise_->go_on();
      return inner_.await_resume();
    }

   private:
    Started started_;
    Promise* promise_;
    Inner inner_;
  };
#endif
};

/// The frame of the library's own coroutine that starts an operation for use_awaitable. One of a
/// user's that looks the same is treated as any other as soon as it awaits something else.
template <class T, class Executor, class Initiation, class... Arguments>
class OperationFrame : public Promise<T, Executor, FrameKind::kPlain> {
  using Plain = Promise<T, Executor, FrameKind::kPlain>;

 public:
  OperationFrame() noexcept { this->hide(); }

  template <class Operand>
    requires requires(Plain& plain, Operand&& operand) {
      plain.await_transform(std::forward<Operand>(operand));
    }
  auto await_transform(Operand&& operand, CodeLocation location = CodeLocation::current(),
                       const char* file = __builtin_FILE()) {
    using LibraryFrame = XGOPS_ASIO::detail::awaitable_frame<T, Executor>;
    using Function = std::decay_t<Operand>;
    if constexpr (std::is_invocable_v<Function&, FrameBase<Executor>*>) {
      return LibraryFrame::await_transform(Initiator<Function, Executor>{
          std::forward<Operand>(operand), this->record(),
          &kOperationOf<Initiation, Arguments...>});
    } else {
      return Plain::await_transform(std::forward<Operand>(operand), location, file);
    }
  }
};

template <class T, class Executor, class... Arguments>
struct PromiseFor {
  using Type = Promise<T, Executor,
                       IsEntry<T, Arguments...>::value ? FrameKind::kEntry : FrameKind::kPlain>;
};
// The operators, and what they wrap their operands into.
template <class T, class Executor, class U, class... Arguments>
struct PromiseFor<T, Executor, XGOPS_ASIO::awaitable<U, Executor>, Arguments...> {
  using Type = Promise<T, Executor, FrameKind::kOperator>;
};
// `async_result<use_awaitable_t>::initiate(Initiation, use_awaitable_t, Arguments...)`.
template <class T, class Executor, class Initiation, class... Arguments>
struct PromiseFor<T, Executor, Initiation, XGOPS_ASIO::use_awaitable_t<Executor>, Arguments...> {
  using Type = OperationFrame<T, Executor, Initiation, Arguments...>;
};

}  // namespace xgops::detail::XGOPS_ASIO_HOOKS

template <class T, class Executor, class... Arguments>
  requires xgops::detail::XGOPS_ASIO_HOOKS::always<Executor>
struct std::coroutine_traits<XGOPS_ASIO::awaitable<T, Executor>, Arguments...> {
  using promise_type =
      typename xgops::detail::XGOPS_ASIO_HOOKS::PromiseFor<T, Executor, Arguments...>::Type;
};
