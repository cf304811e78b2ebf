// SPDX-License-Identifier: MIT
// Stock asio::awaitable coroutines register themselves. Not to be included by hand: a program links
// the CMake target xgops::asio, which puts it in front of every translation unit (-include), so
// that all agree what a coroutine's promise is. Without CMake: `-include xgops/asio.hpp` for all of
// them.
//
// Since Asio's headers are read here, macros that configure Asio belong on the command line.
// Define XGOPS_NO_ASIO to leave Asio alone.
#pragma once

#if !defined(XGOPS_NO_ASIO) && __cplusplus >= 202002L && __has_include(<asio.hpp>)

#  include "xgops/detail/frame_memory.hpp"
#  include "xgops/detail/lost_exception.hpp"
#  include "xgops/detail/operation_of.hpp"
#  include "xgops/detail/task_record.hpp"
#  include "xgops/task_promise.hpp"

#  include <coroutine>
#  include <string_view>
#  include <type_traits>
#  include <utility>

#  define ASIO_CUSTOM_HANDLER_TRACKING "xgops/detail/asio_tracking.hpp"
#  include <asio/detail/handler_tracking.hpp>
// What Asio adds to its own types for its own tracking would change their size.
#  undef ASIO_ENABLE_HANDLER_TRACKING

#  include <asio/associated_allocator.hpp>
#  include <asio/awaitable.hpp>
#  include <asio/co_spawn.hpp>
#  include <asio/detached.hpp>
#  include <asio/io_context.hpp>
#  include <asio/system_context.hpp>
#  include <asio/thread_pool.hpp>
#  include <asio/use_awaitable.hpp>
#  include <asio/version.hpp>
#  if ASIO_VERSION >= 102400
#    include <asio/async_result.hpp>
#  endif

#  if defined(ASIO_HAS_CO_AWAIT)
#    define XGOPS_ASIO asio
#    define XGOPS_ASIO_VERSION ASIO_VERSION
#    define XGOPS_ASIO_HOOKS asio_hooks
#    if defined(ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING)
#      define XGOPS_ASIO_OWN_FRAMES 0
#    else
#      define XGOPS_ASIO_OWN_FRAMES 1
#    endif
#    if defined(ASIO_INLINE_NAMESPACE_BEGIN)
#      define XGOPS_ASIO_BEGIN \
        namespace asio {       \
        ASIO_INLINE_NAMESPACE_BEGIN
#      define XGOPS_ASIO_END      \
        ASIO_INLINE_NAMESPACE_END \
        }
#    else
#      define XGOPS_ASIO_BEGIN namespace asio {
#      define XGOPS_ASIO_END }
#    endif
#    include "xgops/detail/asio_hooks.ipp"
#    include "xgops/detail/asio_operations.ipp"
#    include "xgops/detail/asio_spawn.ipp"
#    if __has_include(<asio/experimental/coro.hpp>)
#      include "xgops/detail/asio_coro.ipp"
#    endif
#    undef XGOPS_ASIO
#    undef XGOPS_ASIO_VERSION
#    undef XGOPS_ASIO_HOOKS
#    undef XGOPS_ASIO_OWN_FRAMES
#    undef XGOPS_ASIO_BEGIN
#    undef XGOPS_ASIO_END
#  endif

#endif
