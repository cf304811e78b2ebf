// SPDX-License-Identifier: MIT
// What the kernel says of epoll descriptors and timers.
#include "threads/event_poll.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace xgops::threads {
namespace {

TEST(EventPollTest, ReadsTheDescriptorsOfAnEpollSet) {
  constexpr const char* kText =
      "pos:\t0\nflags:\t02\nmnt_id:\t15\nino:\t1057\n"
      "tfd:        5 events:       19 data:     7ffe0000  pos:0 ino:421 sdev:e\n"
      "tfd:       17 events: 80000019 data:            5  pos:0 ino:421 sdev:e\n";

  EXPECT_EQ(parse_event_poll(kText), (std::vector{5, 17}));
}

TEST(EventPollTest, SkipsWhatIsNoNumber) {
  EXPECT_TRUE(parse_event_poll("tfd: x\ntfd:\ntfd").empty());
  EXPECT_TRUE(parse_event_poll("").empty());
}

TEST(EventPollTest, TellsASetTimerFromOneThatIsNot) {
  EXPECT_FALSE(timer_is_set("clockid: 1\nticks: 0\nit_value: (0, 0)\nit_interval: (0, 0)\n"));
  EXPECT_TRUE(timer_is_set("clockid: 1\nit_value: (49406829, 229)\n"));
  EXPECT_TRUE(timer_is_set("")) << "it cannot be told";
}

}  // namespace
}  // namespace xgops::threads
