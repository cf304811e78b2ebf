// SPDX-License-Identifier: MIT
#include "crash/program_actions.hpp"

#include "dump/handler.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>

#include <sched.h>
#include <sys/types.h>
#include <unistd.h>

namespace xgops::crash {
namespace {

using dump::g_dumps;
using dump::kCrashSignals;
using dump::KernelAction;

constexpr std::uint64_t kRestorerFlag = 0x04000000;  // SA_RESTORER
constexpr std::uint64_t kNeverMasked = std::uint64_t{1} << (SIGKILL - 1) | std::uint64_t{1}
                                                                               << (SIGSTOP - 1);

constinit std::atomic<pid_t> g_process{0};  ///< Whose calls are taken; 0: nobody's.
constinit std::atomic<unsigned long> g_restorer{0};
constinit std::atomic_flag g_lock;

/// One thread at a time. With all signals blocked meanwhile: a handler may come here, too.
class Turn {
 public:
  Turn() noexcept {
    sigset_t all{};
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &mask_);
    while (g_lock.test_and_set(std::memory_order_acquire)) {
      ::sched_yield();
    }
  }
  ~Turn() {
    g_lock.clear(std::memory_order_release);
    ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  sigset_t mask_{};
};

KernelAction to_kernel(const struct sigaction& action) noexcept {
  KernelAction result;
  result.handler = reinterpret_cast<std::uint64_t>(action.sa_handler);
  result.flags = static_cast<std::uint32_t>(action.sa_flags) | kRestorerFlag;
  result.restorer = g_restorer.load(std::memory_order_relaxed);
  std::memcpy(&result.mask, &action.sa_mask, sizeof result.mask);
  result.mask &= ~kNeverMasked;
  return result;
}

struct sigaction from_kernel(const KernelAction& action) noexcept {
  struct sigaction result {};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): so the kernel has it.
  result.sa_handler = reinterpret_cast<void (*)(int)>(action.handler);
  result.sa_flags = static_cast<int>(static_cast<std::uint32_t>(action.flags));
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  result.sa_restorer = reinterpret_cast<void (*)()>(action.restorer);
  std::memcpy(&result.sa_mask, &action.mask, sizeof action.mask);
  return result;
}

bool is_ours(const KernelAction& action) noexcept {
  return action.handler == reinterpret_cast<std::uint64_t>(&dump::on_crash_signal);
}

/// Whether what is in `cell` will be done once a dump is written: not when the program replaced our
/// handler by a system call of its own, or when a thread that crashed put back what was there.
bool is_in_front(int signal) noexcept {
  KernelAction now;
  return g_dumps.watches_crashes.load(std::memory_order_acquire) &&
         dump::set_action(signal, nullptr, &now) && is_ours(now);
}

/// Sets what the kernel is to do, and returns what it would have done without us.
KernelAction exchange_in_kernel(int signal, const KernelAction* wanted,
                                const dump::ActionCell& cell) noexcept {
  KernelAction old;
  static_cast<void>(dump::set_action(signal, wanted, &old));
  return is_ours(old) ? cell.get() : old;
}

KernelAction exchange(int signal, const KernelAction* wanted, dump::ActionCell& cell) noexcept {
  const Turn turn;
  if (!is_in_front(signal)) {
    return exchange_in_kernel(signal, wanted, cell);
  }
  const KernelAction old = cell.get();
  if (wanted != nullptr) {
    cell.set(*wanted);
    // A thread may be putting back what was there before: either it sees ours, or we see that.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!g_dumps.watches_crashes.load(std::memory_order_relaxed)) {
      static_cast<void>(exchange_in_kernel(signal, wanted, cell));
    }
  }
  return old;
}

}  // namespace

bool set_program_action(int signal, const struct sigaction* action,
                        struct sigaction* before) noexcept {
  const auto* const found = std::find(kCrashSignals.begin(), kCrashSignals.end(), signal);
  const pid_t process = g_process.load(std::memory_order_acquire);
  if (found == kCrashSignals.end() || process == 0 || process != ::getpid()) {
    return false;
  }
  // Read and written outside of the turn: they may be no memory, which is the program's crash.
  std::optional<KernelAction> wanted;
  if (action != nullptr) {
    wanted = to_kernel(*action);
  }
  const KernelAction old =
      exchange(signal, wanted ? &*wanted : nullptr,
               g_dumps.before[static_cast<std::size_t>(found - kCrashSignals.begin())]);
  if (before != nullptr) {
    *before = from_kernel(old);
  }
  return true;
}

void take_program_actions(unsigned long restorer) noexcept {
  g_restorer.store(restorer, std::memory_order_relaxed);
  g_process.store(::getpid(), std::memory_order_release);
}

void leave_program_actions() noexcept {
  g_process.store(0, std::memory_order_release);
}

void program_actions_after_fork() noexcept {
  g_lock.clear(std::memory_order_release);  // Who had it does not exist here.
  if (g_process.load(std::memory_order_relaxed) != 0) {
    g_process.store(::getpid(), std::memory_order_release);
  }
}

}  // namespace xgops::crash
