// SPDX-License-Identifier: MIT
#include "crash/program_actions.hpp"

#include "dump/handler.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>

#include <sched.h>
#include <unistd.h>

namespace xgops::crash {
namespace {

using dump::g_dumps;
using dump::kCrashSignals;
using dump::KernelAction;

constexpr std::uint64_t kRestorerFlag = 0x04000000;  // SA_RESTORER
constexpr std::uint64_t kNeverMasked = std::uint64_t{1} << (SIGKILL - 1) | std::uint64_t{1}
                                                                               << (SIGSTOP - 1);

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
  result.restorer = g_dumps.restorer;
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

/// Sets what the kernel does, and returns what it would have done without us.
KernelAction exchange(int signal, const KernelAction* wanted, dump::ActionCell& cell) noexcept {
  const Turn turn;
  KernelAction now;
  static_cast<void>(dump::set_action(signal, nullptr, &now));
  const bool is_ours = dump::is_crash_handler(now);
  const KernelAction old = is_ours ? cell.get() : now;
  if (wanted == nullptr) {
    return old;
  }
  cell.set(*wanted);
  // Never in front of one that the program set by a system call of its own, nor of one that is
  // ignored.
  const bool in_front = g_dumps.watches_crashes &&
                        (is_ours || now.handler == KernelAction::kIgnore) &&
                        wanted->handler != KernelAction::kIgnore;
  const KernelAction ours = dump::action_in_front_of(*wanted);
  static_cast<void>(dump::set_action(signal, in_front ? &ours : wanted, nullptr));
  // A thread that crashes may have put back what was there before, just before we set ours.
  if (in_front && !g_dumps.watches_crashes) {
    static_cast<void>(dump::set_action(signal, wanted, nullptr));
  }
  return old;
}

}  // namespace

bool set_program_action(int signal, const struct sigaction* action,
                        struct sigaction* before) noexcept {
  const auto* const found = std::find(kCrashSignals.begin(), kCrashSignals.end(), signal);
  if (found == kCrashSignals.end() || g_dumps.owner.load(std::memory_order_acquire) != ::getpid()) {
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

void program_actions_after_fork() noexcept {
  g_lock.clear(std::memory_order_release);  // Who had it does not exist here.
}

}  // namespace xgops::crash
