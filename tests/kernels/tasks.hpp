// SPDX-License-Identifier: MIT
// The kernels as coroutines.
#pragma once

#include "kernel.hpp"
#include "support/sync/channel.hpp"
#include "support/sync/condition.hpp"
#include "support/sync/executor.hpp"
#include "support/sync/mutex.hpp"
#include "support/sync/rw_lock.hpp"
#include "support/sync/task.hpp"
#include "support/sync/wait_group.hpp"

#include <coroutine>
#include <map>
#include <string>

namespace kernels {

using namespace xgops::test::sync;  // NOLINT(google-build-using-namespace): it is all about these.

/// Lets the others run first.
struct Yield {
  bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) { Executor::current()->post(self); }
  void await_resume() noexcept {}
};
inline Yield yield() noexcept {
  return {};
}

/// What a kernel spawns into. Its primitives are static: they must outlive its tasks.
struct Scene {
  Executor& executor;
  bool fixed;
};

using TaskKernel = void (*)(Scene& scene);

extern const std::map<std::string, TaskKernel> kLockKernels;   // task_locks.cpp
extern const std::map<std::string, TaskKernel> kMixedKernels;  // task_channels.cpp

}  // namespace kernels
