// SPDX-License-Identifier: MIT
// The promise type that `experimental::coro` gets: included once for each library that has it, after
// asio_hooks.ipp and with the same macros.
//
// How it works. The library's promise is final, but handles made from it and from ours are the same
// as long as it is the first thing in ours: it is, and ours passes everything on. A coro is a task of
// its own until another one awaits it: then it is a frame of that one's chain, as often as it is
// awaited again. One that is awaited on another executor stays a task, and is waited for.

#if XGOPS_ASIO_VERSION >= 102600
#  define XGOPS_CORO_PARAMETERS class Yield, class Return, class Executor, class Allocator
#  define XGOPS_CORO_ARGUMENTS Yield, Return, Executor, Allocator
#else
#  define XGOPS_CORO_PARAMETERS class Yield, class Return, class Executor
#  define XGOPS_CORO_ARGUMENTS Yield, Return, Executor
#endif

namespace xgops::detail::XGOPS_ASIO_HOOKS {

/// For a specialisation of the library's `coro_with_arg` that may look into a coro.
struct CoroAccess {};

}  // namespace xgops::detail::XGOPS_ASIO_HOOKS

// The headers may follow, or never be included.
XGOPS_ASIO_BEGIN
namespace experimental {
template <XGOPS_CORO_PARAMETERS>
struct coro;
namespace detail {
template <XGOPS_CORO_PARAMETERS>
struct coro_promise;
template <class T, class Coroutine>
struct coro_with_arg;

// Every specialisation is a friend of every coro.
template <class Coroutine>
struct coro_with_arg<xgops::detail::XGOPS_ASIO_HOOKS::CoroAccess, Coroutine> {
  static auto* promise_of(const Coroutine& coro) noexcept { return coro.coro_; }
};
}  // namespace detail
}  // namespace experimental
XGOPS_ASIO_END

namespace xgops::detail::XGOPS_ASIO_HOOKS {

class CoroTracking : public TaskPromise {
 public:
  using TaskPromise::ends;
  using TaskPromise::go_on;
  using TaskPromise::is_called;
  using TaskPromise::record;
  using TaskPromise::set_location;
  using TaskPromise::starts;
  using TaskPromise::try_call;
  using TaskPromise::wait;
  using TaskPromise::wait_for;
};

template <class Coro>
struct CoroTraits : std::false_type {};
template <XGOPS_CORO_PARAMETERS>
struct CoroTraits<XGOPS_ASIO::experimental::coro<XGOPS_CORO_ARGUMENTS>> : std::true_type {
  using Coro = XGOPS_ASIO::experimental::coro<XGOPS_CORO_ARGUMENTS>;
  using Base = XGOPS_ASIO::experimental::detail::coro_promise<XGOPS_CORO_ARGUMENTS>;
  /// Not with an allocator of its own, which the frame would have to come from.
#if XGOPS_ASIO_VERSION >= 102600
  static constexpr bool kTracked = std::is_same_v<Allocator, std::allocator<void>>;
#else
  static constexpr bool kTracked =
      std::is_same_v<typename Base::allocator_type, std::allocator<std::byte>>;
#endif
};

/// The coro that an operand of `co_await` is or holds, as `c(value)` does.
template <class Operand>
auto& coro_in(Operand& operand) noexcept {
  if constexpr (CoroTraits<std::remove_cv_t<Operand>>::value) {
    return operand;
  } else {
    return operand.coro;
  }
}
template <class Operand>
concept holds_coro = CoroTraits<std::remove_cvref_t<Operand>>::value || requires(Operand& operand) {
  requires CoroTraits<std::remove_cvref_t<decltype(operand.coro)>>::value;
};

template <class Base>
class CoroPromise {
 public:
  template <class... Arguments>
    requires std::is_constructible_v<Base, Arguments...>
  explicit CoroPromise(Arguments&&... arguments) : base_(std::forward<Arguments>(arguments)...) {}
  CoroPromise(const CoroPromise&) = delete;
  CoroPromise& operator=(const CoroPromise&) = delete;

  // Not inline: GCC 12 warns of a mismatch when it inlines only one of them.
  [[gnu::noinline]] static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
  [[gnu::noinline]] static void operator delete(void* memory, std::size_t bytes) noexcept {
    free_frame(memory, bytes);
  }

  auto get_return_object() { return base_.get_return_object(); }
  auto initial_suspend() noexcept { return tracking_.starts(base_.initial_suspend()); }
  auto final_suspend() noexcept { return tracking_.ends(base_.final_suspend()); }
  void unhandled_exception() noexcept(noexcept(std::declval<Base&>().unhandled_exception())) {
    base_.unhandled_exception();
  }

  template <class Value>
    requires requires(Base& base, Value&& value) { base.yield_value(std::forward<Value>(value)); }
  auto yield_value(Value&& value, CodeLocation location = CodeLocation::current()) {
    tracking_.set_location(location);
    using Inner = decltype(base_.yield_value(std::forward<Value>(value)));
    return Waiting<Inner>{base_.yield_value(std::forward<Value>(value)), &tracking_,
                                 &kYielding};
  }

  /// What `co_await operand` turns into.
  template <class Operand>
    requires requires(Base& base, Operand&& operand) {
      base.await_transform(std::forward<Operand>(operand));
    }
  auto await_transform(Operand&& operand, CodeLocation location = CodeLocation::current()) {
    using Result = decltype(base_.await_transform(std::forward<Operand>(operand)));
    constexpr bool kNeverWaits =
        type_name<std::remove_cvref_t<Operand>>().find("this_coro::") != std::string_view::npos;
    if constexpr (kNeverWaits) {
      return base_.await_transform(std::forward<Operand>(operand));
    } else {
      tracking_.set_location(location);
      if constexpr (holds_coro<Result>) {
        return Calling<Result>{base_.await_transform(std::forward<Operand>(operand)), this};
      } else {
#if XGOPS_ASIO_VERSION >= 102600
        constexpr const TaskOperation* kOperation = &kOperationOf<std::decay_t<Operand>>;
#else
        constexpr const TaskOperation* kOperation = &kSomeOperation;
#endif
        return Waiting<Result>{base_.await_transform(std::forward<Operand>(operand)),
                                       &tracking_, kOperation};
      }
    }
  }

 protected:
  Base& base() noexcept { return base_; }

 private:
  using BaseHandle = std::coroutine_handle<Base>;

  /// Awaits what starts an operation, or whoever takes a value.
  template <class Inner>
  struct Waiting {
    Inner inner;
    CoroTracking* tracking;
    const TaskOperation* operation;

    bool await_ready() { return inner.await_ready(); }
    auto await_suspend(std::coroutine_handle<> self) {
      const auto handle = BaseHandle::from_address(self.address());
      if (tracking->is_called() && operation == &kYielding) {
        return inner.await_suspend(handle);  // The one that called it goes on.
      }
      return tracking->wait(*operation, [&] { return inner.await_suspend(handle); });
    }
    decltype(auto) await_resume() {
      tracking->go_on();
      return inner.await_resume();
    }
  };

  /// Awaits another coro.
  template <class Held>
  struct Calling {
    Held held;
    CoroPromise* promise;
    std::remove_cvref_t<decltype(awaiter_of(std::declval<Held>()))> inner =
        awaiter_of(static_cast<Held&&>(held));

    bool await_ready() { return inner.await_ready(); }
    auto await_suspend(std::coroutine_handle<> self) {
      const auto handle = BaseHandle::from_address(self.address());
      CoroTracking& caller = promise->tracking_;
      auto& coro = coro_in(held);
      CoroTracking* const callee = tracking_of(coro);
      if (callee != nullptr && coro.get_executor() == promise->base_.get_executor()) {
        return caller.try_call(*callee, [&] { return inner.await_suspend(handle); });
      }
      return caller.wait_for(callee, [&] { return inner.await_suspend(handle); });
    }
    decltype(auto) await_resume() {
      promise->tracking_.go_on();
      return inner.await_resume();
    }
  };

  template <class Coro>
  static CoroTracking* tracking_of(const Coro& coro) noexcept {
    using Traits = CoroTraits<std::remove_cvref_t<Coro>>;
    using Access = XGOPS_ASIO::experimental::detail::coro_with_arg<CoroAccess, Coro>;
    if constexpr (Traits::kTracked) {
      auto* const base = Access::promise_of(coro);
      return base == nullptr ? nullptr
                             : &reinterpret_cast<CoroPromise<typename Traits::Base>*>(base)->tracking_;
    } else {
      return nullptr;
    }
  }

  template <class Other>
  friend class CoroPromise;

  Base base_;  // First: see above.
  CoroTracking tracking_;
};

template <class Base, class Return>
class CoroPromiseReturning : public CoroPromise<Base> {
 public:
  using CoroPromise<Base>::CoroPromise;
  template <class Value>
  void return_value(Value&& value) {
    this->base().return_value(std::forward<Value>(value));
  }
};
template <class Base>
class CoroPromiseReturning<Base, void> : public CoroPromise<Base> {
 public:
  using CoroPromise<Base>::CoroPromise;
  void return_void() { this->base().return_void(); }
};

template <class Coro, bool kTracked = CoroTraits<Coro>::kTracked>
struct CoroPromiseFor {
  using Type = typename Coro::promise_type;
};
template <class Coro>
struct CoroPromiseFor<Coro, true> {
  using Type = CoroPromiseReturning<typename Coro::promise_type, typename Coro::return_type>;
};

}  // namespace xgops::detail::XGOPS_ASIO_HOOKS

template <XGOPS_CORO_PARAMETERS, class... Arguments>
struct std::coroutine_traits<XGOPS_ASIO::experimental::coro<XGOPS_CORO_ARGUMENTS>, Arguments...> {
  using promise_type = typename xgops::detail::XGOPS_ASIO_HOOKS::CoroPromiseFor<
      XGOPS_ASIO::experimental::coro<XGOPS_CORO_ARGUMENTS>>::Type;
};

#undef XGOPS_CORO_PARAMETERS
#undef XGOPS_CORO_ARGUMENTS
