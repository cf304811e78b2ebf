// SPDX-License-Identifier: MIT
// How a command writes its answer.
#include "commands/reply.hpp"

#include "recording_channel.hpp"
#include "xgops/protocol/messages/threads.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>

namespace xgops::commands {
namespace {

using Threads = protocol::Threads;

class ReplyTest : public testing::Test {
 protected:
  static Threads::Response numbered(std::uint32_t number) {
    Threads::Response response;
    response.dropped = number;
    return response;
  }

  test::RecordingChannel channel_;
  const std::chrono::steady_clock::time_point arrival_ = std::chrono::steady_clock::now();
  Reply<Threads> reply_{channel_,
                        {.version = 1,
                         .request_id = 42,
                         .arrival = arrival_,
                         .deadline = arrival_ + std::chrono::seconds(1)}};
};

TEST_F(ReplyTest, MarksTheLastMessageAndNoOther) {
  EXPECT_TRUE(reply_.emit(numbered(1)));
  EXPECT_TRUE(reply_.emit(numbered(2)));
  EXPECT_FALSE(reply_.finished());
  reply_.finish(numbered(3));

  EXPECT_TRUE(reply_.finished());
  ASSERT_EQ(channel_.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(channel_.header(i).type, protocol::MessageType::kThreads);
    EXPECT_EQ(channel_.header(i).request_id, 42U);
    EXPECT_EQ(channel_.header(i).flags, i == 2 ? protocol::kFinal : protocol::kNoFlags);
    EXPECT_EQ(channel_.as<Threads::Response>(i)->dropped, i + 1);
  }
}

TEST_F(ReplyTest, TellsTheCommandToStopWhenNothingArrives) {
  channel_.room = 1;
  EXPECT_TRUE(reply_.emit({}));
  EXPECT_FALSE(reply_.cancelled());

  EXPECT_FALSE(reply_.emit({}));

  EXPECT_TRUE(reply_.lost());
  EXPECT_TRUE(reply_.cancelled());
  channel_.room = 100;
  EXPECT_FALSE(reply_.emit({})) << "an answer with a hole would be worse than none";
}

TEST_F(ReplyTest, DoesNotSendMoreThanAMessageMayHold) {
  Threads::Response huge;
  huge.threads.resize(1);
  huge.threads.front().name = std::string(protocol::kMaxReplyBytes, 'x');

  EXPECT_FALSE(reply_.emit(huge));

  EXPECT_EQ(channel_.size(), 0U);
  EXPECT_TRUE(reply_.lost());
}

TEST_F(ReplyTest, KnowsItsTimes) {
  EXPECT_EQ(reply_.arrival(), arrival_);
  EXPECT_EQ(reply_.deadline(), arrival_ + std::chrono::seconds(1));
}

TEST_F(ReplyTest, IsCancelledWithItsClient) {
  EXPECT_FALSE(reply_.cancelled());

  channel_.is_cancelled = true;

  EXPECT_TRUE(reply_.cancelled());
}

}  // namespace
}  // namespace xgops::commands
