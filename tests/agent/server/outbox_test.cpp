// SPDX-License-Identifier: MIT
// Sending to clients that read slowly, or not, or are gone.
#include "server/outbox.hpp"

#include "socket_pair.hpp"
#include "support/event.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include <sys/socket.h>

namespace xgops::server {
namespace {

class OutboxTest : public testing::Test {
 protected:
  /// `size` bytes that tell their position.
  static protocol::Bytes message(std::size_t size, std::size_t start = 0) {
    protocol::Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
      bytes[i] = static_cast<std::byte>((start + i) % 251);
    }
    return bytes;
  }
  /// All that can be read now.
  protocol::Bytes drain() const {
    protocol::Bytes all;
    std::array<std::byte, 65536> buffer{};
    for (ssize_t n = 0; (n = ::recv(pair_.theirs.get(), buffer.data(), buffer.size(), 0)) > 0;) {
      all.insert(all.end(), buffer.begin(), buffer.begin() + n);
    }
    return all;
  }

  test::SocketPair pair_ = test::make_socket_pair();
  support::Event stop_;
  std::size_t queued_bytes_ = 0;
  std::optional<Outbox> outbox_{std::in_place, pair_.ours.get(), stop_, queued_bytes_};
};

TEST_F(OutboxTest, SendsAtOnce) {
  EXPECT_TRUE(outbox_->send(message(100)));

  EXPECT_TRUE(outbox_->empty());
  EXPECT_EQ(queued_bytes_, 0U);
  EXPECT_EQ(drain(), message(100));
}

TEST_F(OutboxTest, KeepsTheRestInOrder) {
  constexpr std::size_t kPart = 400'000;  // More than a socket takes.
  EXPECT_TRUE(outbox_->send(message(kPart)));
  EXPECT_TRUE(outbox_->send(message(kPart, kPart)));
  EXPECT_FALSE(outbox_->empty());
  EXPECT_EQ(queued_bytes_, 2 * kPart);

  protocol::Bytes received;
  while (!outbox_->empty()) {
    const auto some = drain();
    received.insert(received.end(), some.begin(), some.end());
    ASSERT_TRUE(outbox_->flush());
  }
  const auto rest = drain();
  received.insert(received.end(), rest.begin(), rest.end());

  EXPECT_EQ(received, message(2 * kPart));
  EXPECT_EQ(queued_bytes_, 0U);
}

TEST_F(OutboxTest, BreaksWhenAllTogetherWouldKeepTooMuch) {
  queued_bytes_ = kMaxQueuedBytes - 10;

  EXPECT_FALSE(outbox_->send(message(11)));

  EXPECT_TRUE(outbox_->broken());
  EXPECT_TRUE(outbox_->cancelled());
  EXPECT_EQ(queued_bytes_, kMaxQueuedBytes - 10);
  EXPECT_FALSE(outbox_->send(message(1)));
}

TEST_F(OutboxTest, GivesItsShareBackWhenItEnds) {
  ASSERT_TRUE(outbox_->send(message(1'000'000)));
  ASSERT_GT(queued_bytes_, 0U);

  outbox_.reset();

  EXPECT_EQ(queued_bytes_, 0U);
}

TEST_F(OutboxTest, BreaksWhenTheClientIsGone) {
  pair_.theirs.reset();

  EXPECT_FALSE(outbox_->send(message(100)));
  EXPECT_TRUE(outbox_->broken());
  EXPECT_FALSE(outbox_->flush());
}

TEST_F(OutboxTest, IsCancelledWhenTheClientHangsUp) {
  EXPECT_FALSE(outbox_->cancelled());

  pair_.theirs.reset();

  EXPECT_TRUE(outbox_->cancelled());
}

TEST_F(OutboxTest, IsCancelledWhenTheClientHangsUpBehindARequest) {
  const std::array<std::byte, 3> request{};
  ASSERT_EQ(::send(pair_.theirs.get(), request.data(), request.size(), 0), 3);
  EXPECT_FALSE(outbox_->cancelled());

  pair_.theirs.reset();

  EXPECT_TRUE(outbox_->cancelled());
}

TEST_F(OutboxTest, IsNotCancelledByAClientThatOnlyStopsAsking) {
  ::shutdown(pair_.theirs.get(), SHUT_WR);

  EXPECT_FALSE(outbox_->cancelled());
  EXPECT_TRUE(outbox_->send(message(10)));
}

TEST_F(OutboxTest, IsCancelledWhenTheAgentStops) {
  stop_.set();

  EXPECT_TRUE(outbox_->cancelled());
}

}  // namespace
}  // namespace xgops::server
