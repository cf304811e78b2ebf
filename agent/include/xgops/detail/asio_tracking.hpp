// SPDX-License-Identifier: MIT
// What Asio calls when it creates an operation: the file that ASIO_CUSTOM_HANDLER_TRACKING (and
// BOOST_ASIO_...) names. It adds nothing to any of Asio's objects.
//
// No include guard round the macros: both libraries read it.
#ifndef XGOPS_DETAIL_ASIO_TRACKING_FUNCTIONS
#define XGOPS_DETAIL_ASIO_TRACKING_FUNCTIONS

#include "xgops/detail/task_record.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace xgops::detail {

/// Whether the native handle of such an object is a file descriptor.
constexpr bool is_descriptor_object(std::string_view object) noexcept {
  return object == "socket" || object == "descriptor" || object == "file" || object == "pipe" ||
         object == "serial_port";
}

/// `time` of any clock, on the one of kArgumentExpiry. Costs two clock calls but for steady_clock,
/// which is that clock.
template <class TimePoint>
std::uint64_t monotonic_ns(const TimePoint& time) noexcept {
  using Clock = typename TimePoint::clock;
  using std::chrono::nanoseconds;
  if constexpr (std::is_same_v<Clock, std::chrono::steady_clock>) {
    return static_cast<std::uint64_t>(nanoseconds(time.time_since_epoch()).count());
  } else if constexpr (requires { std::chrono::duration_cast<nanoseconds>(time - Clock::now()); }) {
    // Far away, in a clock that counts seconds, nanoseconds would overflow.
    constexpr std::chrono::hours kFar{24 * 365 * 100};
    const auto left = time - Clock::now();
    const nanoseconds bounded = left > kFar    ? nanoseconds(kFar)
                                : left < -kFar ? nanoseconds(-kFar)
                                               : std::chrono::duration_cast<nanoseconds>(left);
    return monotonic_ns(std::chrono::steady_clock::now() + bounded);
  } else {
    return 0;
  }
}

/// What an operation waits for, as one word and its kind.
struct NotedArgument {
  TaskArgumentBits kind;
  std::uint64_t value;
};
template <bool kIsDescriptor, class Object, class Handle>
NotedArgument argument_of(Object* object, const Handle& handle) noexcept {
  if constexpr (requires { object->expiry.time_since_epoch().count(); }) {
    return {kArgumentExpiry, monotonic_ns(object->expiry)};
  } else if constexpr (kIsDescriptor && std::is_convertible_v<const Handle&, std::uint64_t>) {
    return {kArgumentDescriptor, static_cast<std::uint64_t>(handle)};
  }
  return {kArgumentObject, reinterpret_cast<std::uint64_t>(object)};
}

/// Whether a handler is the one that resumes a task; specialised for each library.
template <class Handler>
struct ResumesTask : std::false_type {};

/// Whether a handler or operation has such a handler inside, as its type says. Only then was
/// `xgops_task_thread::initiating` set for it: for any other it may be left from an earlier one, of
/// a task that runs elsewhere by now.
template <class T>
inline constexpr bool kHoldsTask = ResumesTask<T>::value;
template <template <class...> class Template, class... Arguments>
inline constexpr bool kHoldsTask<Template<Arguments...>> =
    ResumesTask<Template<Arguments...>>::value ||
    (kHoldsTask<std::remove_cvref_t<Arguments>> || ...);

/// `started` is created, and not started yet: for the task that was noted in
/// `xgops_task_thread::initiating`, else for a callback.
template <bool kIsDescriptor, class Context, class Started, class Object, class Handle>
inline void note_operation(const TaskOperation& operation, const Context& context,
                           const Started& started, Object* object, const Handle& handle) noexcept {
  xgops_task_thread& thread = xgops_task_thread_state;
  xgops_task_record* const record = std::exchange(thread.initiating, nullptr);
  const NotedArgument argument = argument_of<kIsDescriptor>(object, handle);
  if (!kHoldsTask<Started> || record == nullptr) {
    ::xgops_pending_add(std::addressof(started), &operation, argument.kind, argument.value,
                        std::addressof(context));
    return;
  }
  if (id_of(*record) == thread.initiating_id && !is_open(*record)) {
    describe_wait(*record, operation, argument.kind, argument.value);
  }
}

template <class Completed>
inline void note_completion(const Completed& completed) noexcept {
  if (xgops_pending_count.load(kRelaxed) != 0) {
    ::xgops_pending_remove(std::addressof(completed));
  }
}

/// While it lives, a handler is being invoked on this thread. Handlers may nest. Cost: 2 ns.
class HandlerScope {
 public:
  HandlerScope() noexcept {
    xgops_task_thread& thread = xgops_task_thread_state;
    thread.initiating = nullptr;
    if (thread.block == nullptr) [[unlikely]] {
      ::xgops_task_try_attach_thread();
    }
    block_ = thread.block;
    leak_scope_before_ = thread.leak_scope;
    if (thread.handler_leak_scope != 0) [[unlikely]] {
      leak_scope_ = std::exchange(thread.handler_leak_scope, 0);
      thread.leak_scope = leak_scope_;
    }
    add(ThreadBlock::kHandlerBegun + 1);
  }
  ~HandlerScope() {
    xgops_task_thread_state.leak_scope = leak_scope_before_;
    add(-1U);
    if (leak_scope_ != 0) [[unlikely]] {
      release(leak_scope_);
    }
  }
  HandlerScope(const HandlerScope&) = delete;
  HandlerScope& operator=(const HandlerScope&) = delete;

 private:
  // Inline, it makes each handler that is posted 40 % dearer with GCC 12.
  [[gnu::cold, gnu::noinline]] static void release(std::uint32_t scope) noexcept {
    ::xgops_leak_scope_release(scope);
  }
  void add(std::uint32_t number) noexcept {
    if (block_ != nullptr) [[likely]] {
      block_->handler.store(block_->handler.load(kRelaxed) + number, kRelease);
    }
  }

  ThreadBlock* block_;
  std::uint32_t leak_scope_before_;
  std::uint32_t leak_scope_ = 0;  ///< Of who began the operation; kept for this handler.
};

}  // namespace xgops::detail

#define XGOPS_NOTE_OPERATION(context_, operation_, object_type_, object_, handle_, name_)       \
  do {                                                                                          \
    static constexpr ::xgops::detail::TaskOperation xgops_operation{object_type_, name_, 0, 0}; \
    constexpr bool xgops_is_descriptor = ::xgops::detail::is_descriptor_object(object_type_);   \
    ::xgops::detail::note_operation<xgops_is_descriptor>(xgops_operation, context_, operation_, \
                                                         object_, handle_);                     \
  } while (false)
#endif

#if defined(ASIO_CUSTOM_HANDLER_TRACKING) && !defined(ASIO_HANDLER_CREATION)
#define ASIO_INHERIT_TRACKED_HANDLER
#define ASIO_ALSO_INHERIT_TRACKED_HANDLER
#define ASIO_HANDLER_TRACKING_INIT (void)0
#define ASIO_HANDLER_LOCATION(args) (void)0
#define ASIO_HANDLER_CREATION(args) XGOPS_NOTE_OPERATION args
#define ASIO_HANDLER_COMPLETION(args) ::xgops::detail::note_completion args
#define ASIO_HANDLER_INVOCATION_BEGIN(args) const ::xgops::detail::HandlerScope xgops_handler_scope
#define ASIO_HANDLER_INVOCATION_END (void)0
#define ASIO_HANDLER_OPERATION(args) (void)0
#define ASIO_HANDLER_REACTOR_REGISTRATION(args) (void)0
#define ASIO_HANDLER_REACTOR_DEREGISTRATION(args) (void)0
#define ASIO_HANDLER_REACTOR_READ_EVENT 0
#define ASIO_HANDLER_REACTOR_WRITE_EVENT 0
#define ASIO_HANDLER_REACTOR_ERROR_EVENT 0
#define ASIO_HANDLER_REACTOR_EVENTS(args) (void)0
#define ASIO_HANDLER_REACTOR_OPERATION(args) (void)0
#endif
#if defined(BOOST_ASIO_CUSTOM_HANDLER_TRACKING) && !defined(BOOST_ASIO_HANDLER_CREATION)
#define BOOST_ASIO_INHERIT_TRACKED_HANDLER
#define BOOST_ASIO_ALSO_INHERIT_TRACKED_HANDLER
#define BOOST_ASIO_HANDLER_TRACKING_INIT (void)0
#define BOOST_ASIO_HANDLER_LOCATION(args) (void)0
#define BOOST_ASIO_HANDLER_CREATION(args) XGOPS_NOTE_OPERATION args
#define BOOST_ASIO_HANDLER_COMPLETION(args) ::xgops::detail::note_completion args
#define BOOST_ASIO_HANDLER_INVOCATION_BEGIN(args) \
  const ::xgops::detail::HandlerScope xgops_handler_scope
#define BOOST_ASIO_HANDLER_INVOCATION_END (void)0
#define BOOST_ASIO_HANDLER_OPERATION(args) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_REGISTRATION(args) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_DEREGISTRATION(args) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_READ_EVENT 0
#define BOOST_ASIO_HANDLER_REACTOR_WRITE_EVENT 0
#define BOOST_ASIO_HANDLER_REACTOR_ERROR_EVENT 0
#define BOOST_ASIO_HANDLER_REACTOR_EVENTS(args) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_OPERATION(args) (void)0
#endif
