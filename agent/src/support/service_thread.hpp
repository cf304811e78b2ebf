// SPDX-License-Identifier: MIT
// The one thread that the agent adds to its host.
#pragma once

#include "xgops/result.hpp"

#include <cstddef>

#include <pthread.h>

namespace xgops::support {

/// Bytes of stack that the agent's thread needs, with the thread-local variables of the modules
/// loaded now, which share it. Asks the loader: not for forked children of programs with threads.
[[nodiscard]] std::size_t service_stack_bytes();

/// Starts `run(argument)` on a thread with all signals blocked and a stack of `stack_bytes`. The
/// calling thread's signal mask is as before on return.
///
/// Errors: what pthread_create reports, for example `resource_unavailable_try_again`.
Result<pthread_t> start_service_thread(void* (*run)(void*), void* argument,
                                       std::size_t stack_bytes);

/// Names the calling thread `xgops`, and takes it off realtime scheduling that it inherited: a dump
/// of thousands of threads must not run before the host's realtime work.
void become_service_thread() noexcept;

}  // namespace xgops::support
