// SPDX-License-Identifier: MIT
// Deadlines on one timer, which is off when there are none: an idle agent never wakes up.
#pragma once

#include "support/unique_fd.hpp"

#include <asio/io_context.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>

#include <chrono>
#include <functional>
#include <list>

namespace xgops::server {

/// What the reactor watches. All are plain descriptors to us: one template, not three.
using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

/// Asio's own timers would do but for one thing: cancelling them leaves the kernel's timer armed,
/// which costs one wake-up long after the last client has gone.
class Watchdog {
 public:
  using Clock = std::chrono::steady_clock;

  /// A deadline. Inactive until `set`; ends when destroyed.
  class Deadline {
   public:
    /// `on_expired` runs on the reactor's thread; the deadline is inactive again by then.
    Deadline(Watchdog& watchdog, std::function<void()> on_expired);
    ~Deadline();
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    void set(Clock::time_point due);

   private:
    friend class Watchdog;
    Watchdog& watchdog_;
    std::function<void()> on_expired_;
    Clock::time_point due_ = Clock::time_point::max();
    std::list<Deadline*>::iterator place_;
  };

  /// `timer` is a non-blocking timerfd of CLOCK_MONOTONIC.
  Watchdog(asio::io_context& context, support::UniqueFd timer);

 private:
  void arm(Clock::time_point due);
  [[nodiscard]] Clock::time_point earliest() const;
  void disarm_if_unused();
  void wait();
  void on_timer();

  Descriptor timer_;
  std::list<Deadline*> deadlines_;
  Clock::time_point armed_for_ = Clock::time_point::max();
};

}  // namespace xgops::server
