// SPDX-License-Identifier: MIT
// Overloads of co_spawn that note who called it. Part of asio_hooks.ipp.
//
// They are better matches than the library's own: an executor that is not const binds to a
// reference that is not const, and a context that is named beats any context. Then they call the
// library's, told apart by an argument that only it takes. With a const executor, or a context of
// the user's own, the library's is taken at once and the place is not known.

namespace xgops::detail::XGOPS_ASIO_HOOKS {

template <class Executor>
concept spawns_on =
    !std::is_const_v<std::remove_reference_t<Executor>> &&
    (XGOPS_ASIO::is_executor<std::remove_reference_t<Executor>>::value ||
     XGOPS_ASIO::execution::is_executor<std::remove_reference_t<Executor>>::value);

template <class Executor>
using DefaultToken =
    typename XGOPS_ASIO::default_completion_token<std::remove_cvref_t<Executor>>::type;

/// The number of an executor's context, which all executors of a pool share.
template <class Where>
std::uint16_t number_of(const Where& where) noexcept {
  if constexpr (std::is_base_of_v<XGOPS_ASIO::execution_context, Where>) {
    return ::xgops_task_executor(&where);
  } else if constexpr (XGOPS_ASIO::can_query<const Where&,
                                             XGOPS_ASIO::execution::context_t>::value) {
    if constexpr (std::is_constructible_v<bool, const Where&>) {
      if (!static_cast<bool>(where)) {
        return 0;  // An empty any_io_executor.
      }
    }
    return ::xgops_task_executor(&XGOPS_ASIO::query(where, XGOPS_ASIO::execution::context));
  } else {
    return 0;
  }
}

/// The next task created on this thread is the one that this co_spawn makes. Of a detached one
/// nobody learns how it ends.
template <class Token>
class SpawnScope {
 public:
  template <class Where>
  SpawnScope(const CodeLocation& location, const Where& where) noexcept {
    xgops_task_thread_state.spawn_executor = number_of(where);
    xgops_task_thread_state.spawn_location = location.word();
    xgops_task_thread_state.spawn_detached =
        std::is_same_v<std::remove_cvref_t<Token>, XGOPS_ASIO::detached_t>;
  }
  ~SpawnScope() {
    xgops_task_thread_state.spawn_location = 0;
    xgops_task_thread_state.spawn_detached = false;
    xgops_task_thread_state.spawn_executor = 0;
  }
  SpawnScope(const SpawnScope&) = delete;
  SpawnScope& operator=(const SpawnScope&) = delete;
};

}  // namespace xgops::detail::XGOPS_ASIO_HOOKS

XGOPS_ASIO_BEGIN
template <xgops::detail::XGOPS_ASIO_HOOKS::spawns_on Executor, class T, class E,
          class Token = xgops::detail::XGOPS_ASIO_HOOKS::DefaultToken<Executor>>
inline auto co_spawn(Executor&& executor, awaitable<T, E> operand,
                     Token&& token = xgops::detail::XGOPS_ASIO_HOOKS::DefaultToken<Executor>(),
                     xgops::CodeLocation location = xgops::CodeLocation::current())
    -> decltype(co_spawn(std::as_const(executor), std::move(operand), std::forward<Token>(token),
                         0)) {
  const xgops::detail::XGOPS_ASIO_HOOKS::SpawnScope<Token> scope(location, executor);
  return co_spawn(std::as_const(executor), std::move(operand), std::forward<Token>(token), 0);
}
template <xgops::detail::XGOPS_ASIO_HOOKS::spawns_on Executor, class E,
          class Token = xgops::detail::XGOPS_ASIO_HOOKS::DefaultToken<Executor>>
inline auto co_spawn(Executor&& executor, awaitable<void, E> operand,
                     Token&& token = xgops::detail::XGOPS_ASIO_HOOKS::DefaultToken<Executor>(),
                     xgops::CodeLocation location = xgops::CodeLocation::current())
    -> decltype(co_spawn(std::as_const(executor), std::move(operand), std::forward<Token>(token),
                         0)) {
  const xgops::detail::XGOPS_ASIO_HOOKS::SpawnScope<Token> scope(location, executor);
  return co_spawn(std::as_const(executor), std::move(operand), std::forward<Token>(token), 0);
}
template <xgops::detail::XGOPS_ASIO_HOOKS::spawns_on Executor, class Function,
          class Token = xgops::detail::XGOPS_ASIO_HOOKS::DefaultToken<Executor>>
inline auto co_spawn(Executor&& executor, Function&& function,
                     Token&& token = xgops::detail::XGOPS_ASIO_HOOKS::DefaultToken<Executor>(),
                     xgops::CodeLocation location = xgops::CodeLocation::current())
    -> decltype(co_spawn(std::as_const(executor), std::forward<Function>(function),
                         std::forward<Token>(token), 0)) {
  const xgops::detail::XGOPS_ASIO_HOOKS::SpawnScope<Token> scope(location, executor);
  return co_spawn(std::as_const(executor), std::forward<Function>(function),
                  std::forward<Token>(token), 0);
}

// A template cannot say "any context, but rather this than the library's".
#define XGOPS_CO_SPAWN_ON(CONTEXT)                                                                 \
  template <class T, class E,                                                                      \
            class Token = xgops::detail::XGOPS_ASIO_HOOKS::DefaultToken<CONTEXT::executor_type>>   \
  inline auto co_spawn(                                                                            \
      CONTEXT& context, awaitable<T, E> operand,                                                   \
      Token&& token =                                                                              \
          xgops::detail::XGOPS_ASIO_HOOKS::DefaultToken<CONTEXT::executor_type>(),                 \
      xgops::CodeLocation location = xgops::CodeLocation::current())                               \
      ->decltype(co_spawn(context, std::move(operand), std::forward<Token>(token), 0)) {           \
    const xgops::detail::XGOPS_ASIO_HOOKS::SpawnScope<Token> scope(location, context);             \
    return co_spawn(context, std::move(operand), std::forward<Token>(token), 0);                   \
  }                                                                                                \
  template <class E,                                                                               \
            class Token = xgops::detail::XGOPS_ASIO_HOOKS::DefaultToken<CONTEXT::executor_type>>   \
  inline auto co_spawn(                                                                            \
      CONTEXT& context, awaitable<void, E> operand,                                                \
      Token&& token =                                                                              \
          xgops::detail::XGOPS_ASIO_HOOKS::DefaultToken<CONTEXT::executor_type>(),                 \
      xgops::CodeLocation location = xgops::CodeLocation::current())                               \
      ->decltype(co_spawn(context, std::move(operand), std::forward<Token>(token), 0)) {           \
    const xgops::detail::XGOPS_ASIO_HOOKS::SpawnScope<Token> scope(location, context);             \
    return co_spawn(context, std::move(operand), std::forward<Token>(token), 0);                   \
  }                                                                                                \
  template <class Function,                                                                        \
            class Token = xgops::detail::XGOPS_ASIO_HOOKS::DefaultToken<CONTEXT::executor_type>>   \
  inline auto co_spawn(                                                                            \
      CONTEXT& context, Function&& function,                                                       \
      Token&& token =                                                                              \
          xgops::detail::XGOPS_ASIO_HOOKS::DefaultToken<CONTEXT::executor_type>(),                 \
      xgops::CodeLocation location = xgops::CodeLocation::current())                               \
      ->decltype(co_spawn(context, std::forward<Function>(function), std::forward<Token>(token),   \
                          0)) {                                                                    \
    const xgops::detail::XGOPS_ASIO_HOOKS::SpawnScope<Token> scope(location, context);             \
    return co_spawn(context, std::forward<Function>(function), std::forward<Token>(token), 0);     \
  }
XGOPS_CO_SPAWN_ON(io_context)
XGOPS_CO_SPAWN_ON(thread_pool)
XGOPS_CO_SPAWN_ON(system_context)
#undef XGOPS_CO_SPAWN_ON
XGOPS_ASIO_END
