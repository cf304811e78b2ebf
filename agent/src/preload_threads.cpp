// SPDX-License-Identifier: MIT
// In the preloadable build only: threads of the program pass through here when they are started, so
// that they can be given an alternate stack for crash dumps, and belong to the run of `xgops test`
// that creates them. With both off nothing else happens.
#include "crash/thread_stacks.hpp"
#include "preload_next.hpp"
#include "xgops/leak_check_abi.h"

#include <bit>
#include <cerrno>
#include <cstdlib>

#include <pthread.h>
#include <threads.h>

namespace xgops::crash {
namespace {

constinit NextFunction<int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)>
    g_create("pthread_create");

[[gnu::constructor]] void find_create() noexcept {
  g_create.get();
}

struct Start {
  void* (*run)(void*);
  void* argument;
};

void* run_guarded(void* start) {
  const Start mine = *static_cast<Start*>(start);
  std::free(start);
  guard_this_thread();
  return mine.run(mine.argument);  // A tail call: no frame of ours on the thread's stack.
}

int create_with_stack(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                      void* argument) noexcept {
  const auto next = g_create.get();
  if (next == nullptr) {
    return EAGAIN;
  }
  auto* const start =
      threads_get_stacks() ? static_cast<Start*>(std::malloc(sizeof(Start))) : nullptr;
  if (start == nullptr) {
    return next(thread, attributes, run, argument);
  }
  *start = {run, argument};
  const int failure = next(thread, attributes, &run_guarded, start);
  if (failure != 0) {
    std::free(start);
  }
  return failure;
}

}  // namespace
}  // namespace xgops::crash

extern "C" [[gnu::visibility("default")]] int pthread_create(pthread_t* thread,
                                                             const pthread_attr_t* attributes,
                                                             void* (*run)(void*),
                                                             void* argument) noexcept {
  return xgops_leak_create_thread(&xgops::crash::create_with_stack, thread, attributes, run,
                                  argument);
}

/// The C library's own starts threads past what stands in front of it, and does what is done here.
extern "C" [[gnu::visibility("default")]] int thrd_create(thrd_t* thread, thrd_start_t run,
                                                          void* argument) noexcept {
  // The result is in one register, whose lower half is what `thrd_join` gives.
  const auto start = std::bit_cast<void* (*)(void*)>(run);
  switch (xgops_leak_create_thread(&xgops::crash::create_with_stack, thread, nullptr, start,
                                   argument)) {
    case 0:
      return thrd_success;
    case ENOMEM:
      return thrd_nomem;
    default:
      return thrd_error;
  }
}
