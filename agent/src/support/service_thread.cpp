// SPDX-License-Identifier: MIT
// Starting and joining the agent's thread.
#include "support/service_thread.hpp"

#include <csignal>

#include <link.h>
#include <sched.h>
#include <sys/prctl.h>

namespace xgops::support {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kOwnStackBytes =
    std::size_t{2} * 1024 * 1024;  // Instrumented frames are much larger.
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr std::size_t kOwnStackBytes = std::size_t{2} * 1024 * 1024;
#  else
constexpr std::size_t kOwnStackBytes = std::size_t{256} * 1024;
#  endif
#else
constexpr std::size_t kOwnStackBytes = std::size_t{256} * 1024;
#endif

/// All signals blocked while it lives; a thread started meanwhile inherits that.
class BlockedSignals {
 public:
  BlockedSignals() noexcept {
    sigset_t all{};
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_{};
};

int add_thread_locals(dl_phdr_info* module, std::size_t /*size*/, void* total) {
  for (int i = 0; i < module->dlpi_phnum; ++i) {
    const auto& header = module->dlpi_phdr[i];
    if (header.p_type == PT_TLS) {
      *static_cast<std::size_t*>(total) += header.p_memsz + header.p_align;
    }
  }
  return 0;
}

}  // namespace

std::size_t service_stack_bytes() {
  // glibc carves the static thread-local storage out of the stack that one asks for: a host with
  // 200 KiB of it would leave us next to nothing.
  std::size_t thread_locals = 0;
  ::dl_iterate_phdr(&add_thread_locals, &thread_locals);
  constexpr std::size_t kPage = 4096;
  return kOwnStackBytes + (thread_locals + kPage - 1) / kPage * kPage;
}

Result<pthread_t> start_service_thread(void* (*run)(void*), void* argument,
                                       std::size_t stack_bytes) {
  pthread_attr_t attributes{};
  int failure = ::pthread_attr_init(&attributes);
  if (failure != 0) {
    return system_error(failure, "pthread_attr_init");
  }
  failure = ::pthread_attr_setstacksize(&attributes, stack_bytes);
  pthread_t thread{};
  if (failure == 0) {
    const BlockedSignals blocked;
    failure = ::pthread_create(&thread, &attributes, run, argument);
  }
  ::pthread_attr_destroy(&attributes);
  if (failure != 0) {
    return system_error(failure, "starting the thread xgops");
  }
  return thread;
}

void become_service_thread() noexcept {
  ::prctl(PR_SET_NAME, "xgops");
  const int policy = ::sched_getscheduler(0);
  if (policy == SCHED_FIFO || policy == SCHED_RR) {
    const sched_param ordinary{};
    ::sched_setscheduler(0, SCHED_OTHER, &ordinary);
  }
}

}  // namespace xgops::support
