// SPDX-License-Identifier: MIT
// Leak checks in children of this process. ThreadSanitizer has no threads there.
#include "leaking.hpp"
#include "xgops/leak_check.hpp"
#include "xgops/leak_check_abi.h"
#include "xgops/tasks_abi.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xgops {
namespace {

using namespace std::chrono_literals;
using test::soon;
using test::WaitingThread;

constexpr int kHung = -1;

/// What `work` returns in a child.
template <class Work>
int forked(Work work) {
  constexpr std::chrono::milliseconds kPatience = 30s;
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) {
    return kHung;
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(work());
  }
  ::close(ends[1]);
  pollfd closed{ends[0], POLLIN, 0};
  const bool has_ended = ::poll(&closed, 1, static_cast<int>(kPatience.count())) == 1;
  if (!has_ended) {
    ::kill(child, SIGKILL);
  }
  ::close(ends[0]);
  int status = 0;
  const bool is_known = ::waitpid(child, &status, 0) == child && WIFEXITED(status);
  return has_ended && is_known ? WEXITSTATUS(status) : kHung;
}

LeakReport see_a_leaked_thread() {
  LeakCheck check;
  const WaitingThread leaked;
  return check.verify(soon());
}

std::atomic<bool> g_is_loading = false;
std::atomic<bool> g_is_checking = false;

/// Waits, under the loader's lock, until the process's first thread waits for something, and forks.
void fork_while_loading() {
  g_is_loading = true;
  g_is_checking.wait(false);
  std::string state;
  while (state.find(") S ") == std::string::npos) {
    std::ifstream file("/proc/self/stat");
    std::getline(file, state);
    std::this_thread::yield();
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
}

// The first of this process's tests: later checks have asked the loader before.
TEST(LeakCheckForkTest, ChecksWhileAConstructorOfALibraryForks) {
  const auto check_while_loading = [] {
    const std::string address =
        std::to_string(reinterpret_cast<std::uintptr_t>(&fork_while_loading));
    // NOLINTNEXTLINE(concurrency-mt-unsafe): of this child, which has one thread.
    ::setenv("XGOPS_TEST_CALLED_ON_LOAD", address.c_str(), 1);
    bool is_loaded = false;
    std::thread loads([&] { is_loaded = ::dlopen(XGOPS_PLUGIN_THAT_CALLS, RTLD_NOW) != nullptr; });
    while (!g_is_loading) {
      std::this_thread::yield();
    }
    LeakCheck check;
    const WaitingThread leaked;
    g_is_checking = true;
    g_is_checking.notify_all();
    const LeakReport report = check.verify(soon());
    loads.join();
    return is_loaded ? static_cast<int>(report.threads) : kHung;
  };

  EXPECT_EQ(forked(check_while_loading), 1);
}

TEST(LeakCheckForkTest, ChecksInAChildOfAProcessThatWasChecking) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "a child inherits the locks of AddressSanitizer's allocator as they are";
#endif
  constexpr int kForks = 100;
  std::latch begun{1};
  std::jthread checking([&](const std::stop_token& stop) {
    begun.count_down();
    while (!stop.stop_requested()) {
      (void)see_a_leaked_thread();
    }
  });
  begun.wait();

  for (int i = 0; i < kForks; ++i) {
    ASSERT_EQ(forked([] { return static_cast<int>(see_a_leaked_thread().threads); }), 1)
        << "child " << i;
  }
}

/// A thread of the current scope that is kept from running anything of ours at first.
class HeldThread {
 public:
  HeldThread() {
    next_ = &may_run_;
    EXPECT_EQ(xgops_leak_create_thread(
                  &create_held, &thread_, nullptr, [](void*) -> void* { return nullptr; }, nullptr),
              0);
  }
  ~HeldThread() {
    may_run_.count_down();
    ::pthread_join(thread_, nullptr);
  }
  HeldThread(const HeldThread&) = delete;
  HeldThread& operator=(const HeldThread&) = delete;

 private:
  struct Start {
    std::latch* may_run;
    void* (*run)(void*);
    void* argument;
  };
  static void* run_held(void* argument) {
    const auto start = *std::unique_ptr<Start>(static_cast<Start*>(argument));
    start.may_run->wait();
    return start.run(start.argument);
  }
  static int create_held(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                         void* argument) {
    const std::uint32_t scope = std::exchange(xgops_task_thread_state.leak_scope, 0);
    const int failure =
        ::pthread_create(thread, attributes, &run_held, new Start{next_, run, argument});
    xgops_task_thread_state.leak_scope = scope;
    return failure;
  }

  static inline std::latch* next_ = nullptr;  ///< Of the one that is created.
  std::latch may_run_{1};
  pthread_t thread_{};
};

TEST(LeakCheckForkTest, LeavesNoneOfTheOtherThreadsToTheChild) {
  LeakCheck check;
  const WaitingThread running;
  {
    const HeldThread beginning;
    EXPECT_EQ(xgops_leak_scope_live(xgops_leak_scope_current()), 2U);

    EXPECT_EQ(forked([&] { return check.verify(soon()) ? 0 : 1; }), 0);
  }

  EXPECT_EQ(check.verify(soon()).threads, 1U);
}

TEST(LeakCheckForkTest, LeavesTheChildTheThreadThatForked) {
  LeakCheck check;
  const WaitingThread other;
  int live = 0;
  std::thread([&] {
    live =
        forked([] { return static_cast<int>(xgops_leak_scope_live(xgops_leak_scope_current())); });
  }).join();

  EXPECT_EQ(live, 1);
  EXPECT_EQ(check.verify(soon()).threads, 1U);
}

}  // namespace
}  // namespace xgops
