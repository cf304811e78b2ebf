// SPDX-License-Identifier: MIT
// One timerfd for all deadlines.
#include "server/watchdog.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <system_error>
#include <utility>

#include <sys/timerfd.h>
#include <unistd.h>

namespace xgops::server {
namespace {

constexpr auto kNever = Watchdog::Clock::time_point::max();

}  // namespace

Watchdog::Deadline::Deadline(Watchdog& watchdog, std::function<void()> on_expired)
    : watchdog_(watchdog),
      on_expired_(std::move(on_expired)),
      place_(watchdog.deadlines_.insert(watchdog.deadlines_.end(), this)) {}

Watchdog::Deadline::~Deadline() {
  watchdog_.deadlines_.erase(place_);
  watchdog_.disarm_if_unused();
}

void Watchdog::Deadline::set(Clock::time_point due) {
  due_ = due;
  if (due < watchdog_.armed_for_) {
    watchdog_.arm(due);
  }
}

Watchdog::Watchdog(asio::io_context& context, support::UniqueFd timer)
    : timer_(context, timer.release()) {
  wait();
}

void Watchdog::arm(Clock::time_point due) {
  itimerspec when{};
  if (due != kNever) {
    const auto since_boot = std::max<Clock::duration>(due.time_since_epoch(), Clock::duration(1));
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
    when.it_value.tv_sec = seconds.count();
    when.it_value.tv_nsec = (since_boot - seconds).count();
  }
  ::timerfd_settime(timer_.native_handle(), TFD_TIMER_ABSTIME, &when, nullptr);
  armed_for_ = due;
}

Watchdog::Clock::time_point Watchdog::earliest() const {
  Clock::time_point earliest = kNever;
  for (const Deadline* const deadline : deadlines_) {
    earliest = std::min(earliest, deadline->due_);
  }
  return earliest;
}

void Watchdog::disarm_if_unused() {
  // A timer that is only too early stays: it saves a call per client and finds nothing to do.
  if (armed_for_ != kNever && earliest() == kNever) {
    arm(kNever);
  }
}

void Watchdog::wait() {
  timer_.async_wait(Descriptor::wait_read, [this](const std::error_code& error) {
    if (!error) {
      on_timer();
      wait();
    }
  });
}

void Watchdog::on_timer() {
  std::uint64_t expirations = 0;
  if (::read(timer_.native_handle(), &expirations, sizeof expirations) < 0) {
    return;  // Set anew since it fired.
  }
  const auto now = Clock::now();
  for (;;) {
    // From the start each time: what runs may end this deadline and others.
    const auto expired = std::find_if(deadlines_.begin(), deadlines_.end(),
                                      [now](const Deadline* d) { return d->due_ <= now; });
    if (expired == deadlines_.end()) {
      break;
    }
    (*expired)->due_ = kNever;
    // A copy, because it may end the deadline that it belongs to.
    const std::function<void()> on_expired = (*expired)->on_expired_;
    on_expired();
  }
  arm(earliest());
}

}  // namespace xgops::server
