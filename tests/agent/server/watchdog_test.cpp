// SPDX-License-Identifier: MIT
// Deadlines, and that an idle agent has no timer.
#include "server/watchdog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <sys/timerfd.h>
#include <unistd.h>

namespace xgops::server {
namespace {

using Clock = Watchdog::Clock;
using std::chrono::hours;
using std::chrono::milliseconds;

class WatchdogTest : public testing::Test {
 protected:
  WatchdogTest() {
    const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    watch_ = support::UniqueFd(::dup(timer));
    watchdog_.emplace(context_, support::UniqueFd(timer));
  }

  /// Whether the kernel will wake us.
  [[nodiscard]] bool is_armed() const {
    itimerspec left{};
    ::timerfd_gettime(watch_.get(), &left);
    return left.it_value.tv_sec != 0 || left.it_value.tv_nsec != 0;
  }
  Watchdog::Deadline* add(const std::string& name) {
    deadlines_.push_back(std::make_unique<Watchdog::Deadline>(
        *watchdog_, [this, name] { expired_.push_back(name); }));
    return deadlines_.back().get();
  }

  asio::io_context context_;
  support::UniqueFd watch_;
  std::optional<Watchdog> watchdog_;
  std::vector<std::unique_ptr<Watchdog::Deadline>> deadlines_;
  std::vector<std::string> expired_;
};

TEST_F(WatchdogTest, HasNoTimerWithoutDeadline) {
  EXPECT_FALSE(is_armed());

  add("unset");

  EXPECT_FALSE(is_armed());
}

TEST_F(WatchdogTest, CallsWhatHasExpiredAndNothingElse) {
  add("late")->set(Clock::now() + hours(1));
  add("first")->set(Clock::now() + milliseconds(1));
  add("past")->set(Clock::now() - hours(1));

  while (expired_.size() < 2) {
    context_.run_one();
  }

  // On a slow machine both have expired by the first look, which takes them in any order.
  std::sort(expired_.begin(), expired_.end());
  EXPECT_EQ(expired_, (std::vector<std::string>{"first", "past"}));
  EXPECT_TRUE(is_armed()) << "one is left";
}

TEST_F(WatchdogTest, CallsAnExpiredDeadlineOnce) {
  add("once")->set(Clock::now());

  context_.run_one();

  EXPECT_EQ(expired_.size(), 1U);
  EXPECT_FALSE(is_armed());
}

TEST_F(WatchdogTest, WaitsForADeadlineThatWasMovedBack) {
  auto* const deadline = add("moved");
  deadline->set(Clock::now() + milliseconds(1));
  deadline->set(Clock::now() + hours(1));

  context_.run_one();  // The kernel's timer is left as it is, and finds nothing to do.

  EXPECT_TRUE(expired_.empty());
  EXPECT_TRUE(is_armed());
}

TEST_F(WatchdogTest, SwitchesTheTimerOffWithTheLastDeadline) {
  add("first")->set(Clock::now() + hours(1));
  add("second")->set(Clock::now() + hours(2));
  deadlines_.erase(deadlines_.begin());
  EXPECT_TRUE(is_armed());

  deadlines_.clear();

  EXPECT_FALSE(is_armed());
}

TEST_F(WatchdogTest, LetsACallbackEndDeadlines) {
  for (const char* name : {"a", "b", "c"}) {
    deadlines_.push_back(std::make_unique<Watchdog::Deadline>(*watchdog_, [this, name] {
      expired_.emplace_back(name);
      deadlines_.clear();
    }));
    deadlines_.back()->set(Clock::now());
  }

  context_.run_one();

  EXPECT_EQ(expired_.size(), 1U);
  EXPECT_FALSE(is_armed());
}

}  // namespace
}  // namespace xgops::server
