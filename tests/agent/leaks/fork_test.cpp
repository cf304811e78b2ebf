// SPDX-License-Identifier: MIT
// Leak checks in children of this process. ThreadSanitizer has no threads there.
#include "leaking.hpp"
#include "xgops/leak_check.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <csignal>
#include <latch>
#include <thread>

#include <poll.h>
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

}  // namespace
}  // namespace xgops
