// SPDX-License-Identifier: MIT
// Stands in front of pthread_create in a program with leak checks, so that a thread belongs to the
// check of who created it.
#include "preload_next.hpp"
#include "xgops/leak_check_abi.h"

#include <cerrno>

#include <pthread.h>

extern "C" {
/// Refers to this file from leak_check.hpp: else the linker would leave it out.
[[gnu::visibility("default")]] extern const std::int32_t xgops_leak_check_linked = 1;

/// Clang's sanitizers have theirs in the program itself.
[[gnu::weak]] int __interceptor_pthread_create(pthread_t*, const pthread_attr_t*, void* (*)(void*),
                                               void*);

[[gnu::visibility("default")]] int pthread_create(pthread_t* thread,
                                                  const pthread_attr_t* attributes,
                                                  void* (*run)(void*), void* argument) noexcept {
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static constinit xgops::NextFunction<Create> next("pthread_create");
  const Create create =
      &__interceptor_pthread_create != nullptr ? &__interceptor_pthread_create : next.get();
  return create == nullptr ? EAGAIN
                           : xgops_leak_create_thread(create, thread, attributes, run, argument);
}
}  // extern "C"
