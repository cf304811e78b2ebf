// SPDX-License-Identifier: MIT
// Waiting for a flag.
#include "support/event.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace xgops::support {
namespace {

using Clock = std::chrono::steady_clock;

TEST(EventTest, IsNotSetAtFirst) {
  const Event event;

  EXPECT_FALSE(event.is_set());
  EXPECT_FALSE(event.wait_until(Clock::now()));
}

TEST(EventTest, StaysSet) {
  Event event;

  event.set();
  event.set();

  EXPECT_TRUE(event.is_set());
  EXPECT_TRUE(event.wait_until(Clock::time_point::min()));
  event.wait();
}

TEST(EventTest, ReturnsAtTheDeadline) {
  const Event event;
  const auto due = Clock::now() + std::chrono::milliseconds(5);

  EXPECT_FALSE(event.wait_until(due));
  EXPECT_GE(Clock::now(), due);
}

TEST(EventTest, WakesAllWaiters) {
  Event event;
  bool in_time = false;
  std::thread patient([&] { event.wait(); });
  std::thread hasty([&] { in_time = event.wait_until(Clock::now() + std::chrono::seconds(30)); });

  event.set();
  patient.join();
  hasty.join();

  EXPECT_TRUE(in_time);
}

TEST(EventTest, HandsOverWhatWasWrittenBefore) {
  Event event;
  int value = 0;
  std::thread writer([&] {
    value = 42;
    event.set();
  });

  event.wait();

  EXPECT_EQ(value, 42);
  writer.join();
}

}  // namespace
}  // namespace xgops::support
