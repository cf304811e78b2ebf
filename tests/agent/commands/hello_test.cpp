// SPDX-License-Identifier: MIT
// The answer to Hello.
#include "commands/hello.hpp"

#include "commands/handlers.hpp"
#include "recording_channel.hpp"
#include "running_server.hpp"
#include "xgops/version.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <vector>

#include <unistd.h>

namespace xgops::commands {
namespace {

using Request = protocol::Hello::Request;

Request range(std::uint16_t min, std::uint16_t max) {
  return {.min_version = min, .max_version = max, .client_version = "test"};
}

TEST(CommonVersionTest, IsTheHighestOfBoth) {
  EXPECT_EQ(common_version(range(1, 1)), 1);
  EXPECT_EQ(common_version(range(0, 65535)), protocol::kMaxVersion);
}

TEST(CommonVersionTest, IsNothingWithoutOverlap) {
  EXPECT_EQ(common_version(range(protocol::kMaxVersion + 1, 65535)), std::nullopt);
  EXPECT_EQ(common_version(range(0, protocol::kMinVersion - 1)), std::nullopt);
  EXPECT_EQ(common_version(range(5, 1)), std::nullopt) << "an empty range";
}

TEST(HelloTest, SaysWhoAnswersAndWhatItKnows) {
  const auto state = test::make_agent_state();
  test::RecordingChannel channel;
  Reply<protocol::Hello> reply(channel, {});

  ASSERT_TRUE(handle(*state, range(1, 1), reply));

  const auto response = channel.as<protocol::Hello::Response>(0);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, protocol::HelloStatus::kWelcome);
  EXPECT_EQ(response->pid, ::getpid());
  EXPECT_EQ(response->start_time_ticks, state->identity.start_time_ticks);
  EXPECT_EQ(response->instance_id, state->identity.instance_id);
  EXPECT_EQ(response->agent_version, kVersion);
  EXPECT_EQ(response->capabilities, (std::vector<std::uint16_t>{2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

TEST(HelloTest, IsFilledInWithoutCommonVersionToo) {
  const auto state = test::make_agent_state();
  test::RecordingChannel channel;
  Reply<protocol::Hello> reply(channel, {});

  ASSERT_TRUE(handle(*state, range(7, 9), reply));

  const auto response = channel.as<protocol::Hello::Response>(0);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, protocol::HelloStatus::kNoCommonVersion);
  EXPECT_EQ(response->version, protocol::kMaxVersion);
  EXPECT_EQ(response->pid, ::getpid());
}

}  // namespace
}  // namespace xgops::commands
