// SPDX-License-Identifier: MIT
// Stock boost::asio::awaitable coroutines register themselves. Not to be included by hand: a
// program links the CMake target xgops::boost_asio, which puts it in front of every translation
// unit (-include), so that all agree what a coroutine's promise is. Without CMake: `-include
// xgops/boost_asio.hpp` for all of them.
//
// Since Boost.Asio's headers are read here, macros that configure it belong on the command line.
// Define XGOPS_NO_BOOST_ASIO to leave Boost.Asio alone.
#pragma once

#if !defined(XGOPS_NO_BOOST_ASIO) && __cplusplus >= 202002L && __has_include(<boost/asio.hpp>)

#  include "xgops/detail/frame_memory.hpp"
#  include "xgops/detail/lost_exception.hpp"
#  include "xgops/detail/operation_of.hpp"
#  include "xgops/detail/task_record.hpp"

#  include <coroutine>
#  include <string_view>
#  include <type_traits>
#  include <utility>

#  define BOOST_ASIO_CUSTOM_HANDLER_TRACKING "xgops/detail/asio_tracking.hpp"
#  include <boost/asio/detail/handler_tracking.hpp>
// What it adds to its own types for its own tracking would change their size.
#  undef BOOST_ASIO_ENABLE_HANDLER_TRACKING

#  include <boost/asio/associated_allocator.hpp>
#  include <boost/asio/awaitable.hpp>
#  include <boost/asio/co_spawn.hpp>
#  include <boost/asio/detached.hpp>
#  include <boost/asio/io_context.hpp>
#  include <boost/asio/system_context.hpp>
#  include <boost/asio/thread_pool.hpp>
#  include <boost/asio/use_awaitable.hpp>
#  include <boost/asio/version.hpp>
#  if BOOST_ASIO_VERSION >= 102400
#    include <boost/asio/async_result.hpp>
#  endif

#  if defined(BOOST_ASIO_HAS_CO_AWAIT)
#    define XGOPS_ASIO boost::asio
#    define XGOPS_ASIO_VERSION BOOST_ASIO_VERSION
#    define XGOPS_ASIO_HOOKS boost_asio_hooks
#    if defined(BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING)
#      define XGOPS_ASIO_OWN_FRAMES 0
#    else
#      define XGOPS_ASIO_OWN_FRAMES 1
#    endif
#    define XGOPS_ASIO_BEGIN \
      namespace boost {      \
      namespace asio {
#    define XGOPS_ASIO_END \
      }                    \
      }
#    include "xgops/detail/asio_hooks.ipp"
#    include "xgops/detail/asio_operations.ipp"
#    include "xgops/detail/asio_spawn.ipp"
#    if __has_include(<boost/asio/experimental/coro.hpp>)
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
