// SPDX-License-Identifier: MIT
// Event: a futex.
#include "support/event.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace xgops::support {
namespace {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t) &&
                  std::atomic<std::uint32_t>::is_always_lock_free,
              "a futex is a plain 32-bit word");

/// Sleeps while the word is 0. The deadline counts on CLOCK_MONOTONIC; null: none.
long wait_while_zero(const std::atomic<std::uint32_t>& word, const timespec* deadline) noexcept {
  return ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, deadline, nullptr,
                   FUTEX_BITSET_MATCH_ANY);
}

}  // namespace

void Event::set() noexcept {
  state_.store(1);
  ::syscall(SYS_futex, &state_, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX, nullptr, nullptr, 0);
}

void Event::wait() const noexcept {
  while (!is_set()) {
    wait_while_zero(state_, nullptr);
  }
}

bool Event::wait_until(std::chrono::steady_clock::time_point deadline) const noexcept {
  // The kernel refuses times before the clock began, and splitting the earliest one overflows.
  const auto since_boot =
      std::max(deadline.time_since_epoch(), std::chrono::steady_clock::duration(0));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
  timespec due{};
  due.tv_sec = seconds.count();
  due.tv_nsec = (since_boot - seconds).count();  // The clock counts nanoseconds.
  while (!is_set()) {
    if (wait_while_zero(state_, &due) != 0 && errno == ETIMEDOUT) {
      return is_set();
    }
  }
  return true;
}

}  // namespace xgops::support
