// SPDX-License-Identifier: MIT
// Tells whose operation is about to be created. Part of asio_hooks.ipp.

namespace xgops::detail::XGOPS_ASIO_HOOKS {

/// Reaches the protected frame of the handler that resumes a task.
template <class Executor>
struct HandlerAccess : XGOPS_ASIO::detail::awaitable_thread<Executor> {
  using Handler = XGOPS_ASIO::detail::awaitable_thread<Executor>;

  static xgops_task_record* record_of_handler(const Handler& handler) noexcept {
    const auto& bottom = handler.*&HandlerAccess::bottom_of_stack_;
    using Access = XGOPS_ASIO::detail::awaitable_frame<FrameAccess, Executor>;
    return record_of_frame(Access::frame_of(bottom));
  }

 private:
  template <class T>
  static xgops_task_record* record_of_frame(
      XGOPS_ASIO::detail::awaitable_frame<T, Executor>* frame) noexcept {
    return frame == nullptr ? nullptr : static_cast<TrackedFrame<T, Executor>*>(frame)->record();
  }
};

// Never defined: the executor of a handler's base.
template <class Executor>
Executor executor_of(const XGOPS_ASIO::detail::awaitable_thread<Executor>*);
template <class Handler>
concept resumes_task = std::is_class_v<Handler> && requires(const Handler* handler) {
  XGOPS_ASIO_HOOKS::executor_of(handler);
};

}  // namespace xgops::detail::XGOPS_ASIO_HOOKS

template <class Handler>
  requires xgops::detail::XGOPS_ASIO_HOOKS::resumes_task<Handler>
struct xgops::detail::ResumesTask<Handler> : std::true_type {};

XGOPS_ASIO_BEGIN
// Whoever is about to create an operation asks for the allocator of its handler, also when other
// handlers are wrapped around it: this tells whose operation it is. The answer is the default one.
template <class Handler, class Allocator>
  requires xgops::detail::XGOPS_ASIO_HOOKS::resumes_task<Handler>
struct associated_allocator<Handler, Allocator> {
  typedef void asio_associated_allocator_is_unspecialised;
  typedef Allocator type;

  static type get(const Handler& handler, const Allocator& allocator = Allocator()) noexcept {
    using Executor = decltype(xgops::detail::XGOPS_ASIO_HOOKS::executor_of(&handler));
    if (auto* const record =
            xgops::detail::XGOPS_ASIO_HOOKS::HandlerAccess<Executor>::record_of_handler(handler)) {
      xgops_task_thread_state.initiating = record;
      xgops_task_thread_state.initiating_id = xgops::detail::id_of(*record);
    }
    return allocator;
  }
};
XGOPS_ASIO_END
