// SPDX-License-Identifier: MIT
// The thread that the agent adds to its host.
#include "support/service_thread.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

namespace xgops::support {
namespace {

struct Observation {
  std::string name;
  std::size_t open_signals = 0;
  int policy = -1;
  std::size_t stack_bytes = 0;
};

void* observe(void* argument) {
  auto& seen = *static_cast<Observation*>(argument);
  become_service_thread();
  std::array<char, 16> name{};
  ::pthread_getname_np(::pthread_self(), name.data(), name.size());
  seen.name = name.data();
  sigset_t blocked{};
  ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    // The C library keeps the two below SIGRTMIN for itself; the last two cannot be blocked.
    const bool is_ours =
        (signal < 32 || signal >= SIGRTMIN) && signal != SIGKILL && signal != SIGSTOP;
    seen.open_signals += is_ours && ::sigismember(&blocked, signal) == 0 ? 1U : 0U;
  }
  seen.policy = ::sched_getscheduler(0);
  pthread_attr_t attributes{};
  ::pthread_getattr_np(::pthread_self(), &attributes);
  ::pthread_attr_getstacksize(&attributes, &seen.stack_bytes);
  ::pthread_attr_destroy(&attributes);
  return nullptr;
}

Observation observe_thread() {
  Observation seen;
  auto thread = start_service_thread(&observe, &seen, service_stack_bytes());
  EXPECT_TRUE(thread);
  if (thread) {
    ::pthread_join(*thread, nullptr);
  }
  return seen;
}

TEST(ServiceThreadTest, HasAName) {
  EXPECT_EQ(observe_thread().name, "xgops");
}

TEST(ServiceThreadTest, BlocksEverySignal) {
  EXPECT_EQ(observe_thread().open_signals, 0U);
}

TEST(ServiceThreadTest, LeavesTheSignalMaskOfItsStarterAlone) {
  sigset_t mask{};
  ::sigemptyset(&mask);
  ::sigaddset(&mask, SIGUSR2);
  sigset_t before{};
  ::pthread_sigmask(SIG_SETMASK, &mask, &before);

  observe_thread();

  sigset_t after{};
  ::pthread_sigmask(SIG_SETMASK, &before, &after);
  EXPECT_EQ(::sigismember(&after, SIGUSR2), 1);
  EXPECT_EQ(::sigismember(&after, SIGUSR1), 0);
}

TEST(ServiceThreadTest, DoesNotInheritRealtimeScheduling) {
  const sched_param realtime{.sched_priority = 1};
  if (::sched_setscheduler(0, SCHED_RR, &realtime) != 0) {
    GTEST_SKIP() << "needs the right to realtime scheduling";
  }

  const Observation seen = observe_thread();

  const sched_param ordinary{};
  ::sched_setscheduler(0, SCHED_OTHER, &ordinary);
  EXPECT_EQ(seen.policy, SCHED_OTHER);
}

TEST(ServiceThreadTest, HasRoomBesidesTheThreadLocalsOfTheProgram) {
  thread_local std::array<char, 300'000> large{};
  asm volatile("" : : "r"(large.data()) : "memory");  // Keeps it from being optimized away.

  EXPECT_GE(service_stack_bytes(), 256U * 1024 + large.size());
  EXPECT_GE(observe_thread().stack_bytes, 256U * 1024 + large.size());
}

TEST(ServiceThreadTest, SaysWhyItCannotStart) {
  const auto thread = start_service_thread(&observe, nullptr, std::size_t{1} << 60U);

  ASSERT_FALSE(thread);
  EXPECT_EQ(thread.error().code, std::errc::resource_unavailable_try_again);
}

}  // namespace
}  // namespace xgops::support
