// SPDX-License-Identifier: MIT
#include "crash/thread_stacks.hpp"

#include <atomic>
#include <cstddef>

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

namespace xgops::crash {
namespace {

// The dump itself has a stack of its own. But handlers of the program with SA_ONSTACK, which had
// the thread's whole stack before, run here now.
constexpr std::size_t kThreadStackBytes = std::size_t{64} * 1024;
constexpr std::size_t kGuardBytes = 4096;

constinit std::atomic<bool> g_wanted{false};
pthread_key_t g_key = 0;
bool g_has_key = false;
pthread_once_t g_once = PTHREAD_ONCE_INIT;

/// At the end of a thread.
void release(void* range) {
  stack_t now{};
  if (::sigaltstack(nullptr, &now) == 0 && now.ss_sp == static_cast<char*>(range) + kGuardBytes) {
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    ::sigaltstack(&none, nullptr);
  }
  ::munmap(range, kGuardBytes + kThreadStackBytes);
}

}  // namespace

void give_threads_stacks(bool wanted) noexcept {
  g_wanted.store(wanted, std::memory_order_release);
}

bool threads_get_stacks() noexcept {
  return g_wanted.load(std::memory_order_acquire);
}

void guard_this_thread() noexcept {
  ::pthread_once(&g_once, [] { g_has_key = ::pthread_key_create(&g_key, &release) == 0; });
  stack_t now{};
  if (!g_has_key || ::sigaltstack(nullptr, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0) {
    return;
  }
  void* const range = ::mmap(nullptr, kGuardBytes + kThreadStackBytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED) {
    return;
  }
  stack_t mine{};
  mine.ss_sp = static_cast<char*>(range) + kGuardBytes;
  mine.ss_size = kThreadStackBytes;
  if (::mprotect(range, kGuardBytes, PROT_NONE) != 0 || ::pthread_setspecific(g_key, range) != 0 ||
      ::sigaltstack(&mine, nullptr) != 0) {
    ::pthread_setspecific(g_key, nullptr);
    ::munmap(range, kGuardBytes + kThreadStackBytes);
  }
}

}  // namespace xgops::crash
