// SPDX-License-Identifier: MIT
// Time that passes when a kernel says so: timers without waiting for them.
#pragma once

#include "support/sync/channel.hpp"
#include "support/sync/waiter.hpp"

#include <chrono>
#include <coroutine>
#include <list>
#include <map>
#include <mutex>
#include <set>

namespace kernels {

/// Thread safety: all of it.
class Clock {
 public:
  using Duration = std::chrono::nanoseconds;

  Clock() {
    const std::scoped_lock lock(g_ticking_mutex);
    g_ticking.insert(this);
  }
  ~Clock() {
    const std::scoped_lock lock(g_ticking_mutex);
    g_ticking.erase(this);
  }
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

  class Sleep {
   public:
    Sleep(Clock& clock, Duration length) noexcept : clock_(clock), length_(length) {}
    ~Sleep() {
      const std::scoped_lock lock(clock_.mutex_);
      if (queued_) {
        clock_.sleepers_.erase(place_);
      }
    }
    Sleep(const Sleep&) = delete;
    Sleep& operator=(const Sleep&) = delete;

    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) {
      static constexpr xgops::WaitKind kSleep{xgops::WaitReason::kTimer};
      waiter_.remember(coroutine, xgops::announce_wait(kSleep));
      const std::scoped_lock lock(clock_.mutex_);
      place_ = clock_.sleepers_.emplace(clock_.now_ + length_, this);
      queued_ = true;
    }
    void await_resume() noexcept {}

   private:
    friend class Clock;

    Clock& clock_;
    const Duration length_;
    xgops::test::sync::Waiter waiter_;
    std::multimap<Duration, Sleep*>::iterator place_;
    bool queued_ = false;
  };

  Sleep sleep(Duration length) noexcept { return {*this, length}; }

  /// A channel that gets a value then: time.After of Go. Lives as long as the clock.
  xgops::test::sync::Channel<int>& after(Duration length) { return add(length, Duration(0)); }
  /// A channel that gets a value again and again, unless it has one: time.Ticker.
  xgops::test::sync::Channel<int>& every(Duration period) { return add(period, period); }

  void advance(Duration length) {
    const std::scoped_lock lock(mutex_);
    now_ += length;
    while (!sleepers_.empty() && sleepers_.begin()->first <= now_) {
      Sleep& sleeper = *sleepers_.begin()->second;
      sleepers_.erase(sleepers_.begin());
      sleeper.queued_ = false;
      sleeper.waiter_.wake();
    }
    for (Timer& timer : timers_) {
      if (timer.is_set && timer.next <= now_) {
        int value = 1;
        xgops::test::sync::try_select(timer.channel.sending(value));
        timer.next = now_ + timer.period;
        timer.is_set = timer.period.count() > 0;
      }
    }
  }

 private:
  /// A clock goes on by itself: who looks through memory finds it here, and what it wakes.
  inline static std::mutex g_ticking_mutex;
  inline static std::set<const Clock*> g_ticking;

  struct Timer {
    xgops::test::sync::Channel<int> channel{1};
    Duration next{0};
    Duration period{0};
    bool is_set = true;
  };

  xgops::test::sync::Channel<int>& add(Duration length, Duration period) {
    const std::scoped_lock lock(mutex_);
    Timer& timer = timers_.emplace_back();
    timer.next = now_ + length;
    timer.period = period;
    return timer.channel;
  }

  std::mutex mutex_;
  Duration now_{0};
  std::multimap<Duration, Sleep*> sleepers_;
  std::list<Timer> timers_;
};

}  // namespace kernels
