// SPDX-License-Identifier: MIT
#include "support/interrupt.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace xgops::cli {
namespace {

/// Where the handler says that it was called: it cannot know the object.
std::atomic<int> g_event{-1};
std::atomic<int> g_signal{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler reads it");

void on_signal(int signal) {
  const int saved = errno;
  g_signal = signal;
  const std::uint64_t one = 1;
  // An event that is counted already is as good.
  [[maybe_unused]] const ssize_t written = ::write(g_event.load(), &one, sizeof(one));
  errno = saved;
}

void handle(int signal, struct sigaction& before) {
  ::sigaction(signal, nullptr, &before);
  if (before.sa_handler == SIG_IGN) {
    return;  // A shell's background job, or nohup(1): not meant for us.
  }
  struct sigaction action {};
  action.sa_handler = on_signal;
  // The second one has its default effect: also a target that does not answer can be left.
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

InterruptGuard::InterruptGuard() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  g_event = event_.get();
  g_signal = 0;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    handle(kSignals[i], before_[i]);
  }
}

InterruptGuard::~InterruptGuard() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], &before_[i], nullptr);
  }
  g_event = -1;
}

int InterruptGuard::signal() const noexcept {
  return g_signal;
}

bool InterruptGuard::wait_until(std::chrono::steady_clock::time_point moment) const {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(moment - std::chrono::steady_clock::now())
            .count();
    const auto timeout = std::clamp<decltype(left)>(left, 0, std::numeric_limits<int>::max());
    pollfd event{event_.get(), POLLIN, 0};
    const int ready = ::poll(&event, 1, static_cast<int>(timeout));
    if (ready > 0) {
      return false;
    }
    if (ready == 0 && left <= timeout) {
      return true;
    }
  }
}

}  // namespace xgops::cli
