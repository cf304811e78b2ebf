// SPDX-License-Identifier: MIT
// The rules of a connection, without one.
#include "server/session.hpp"

#include "client.hpp"
#include "running_server.hpp"
#include "socket_pair.hpp"
#include "support/event.hpp"
#include "xgops/protocol/catalog.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace xgops::server {
namespace {

using protocol::Errc;
using protocol::Header;
using protocol::MessageType;

class SessionTest : public testing::Test {
 protected:
  bool begin(const Header& header) { return session_.begin(protocol::encode_header(header)); }
  template <class Request>
  bool ask(MessageType type, const Request& request) {
    const auto payload = protocol::encode(request);
    const auto size = static_cast<std::uint32_t>(payload.size());
    return begin({.type = type, .request_id = 9, .payload_bytes = size}) && session_.serve(payload);
  }
  bool greet(std::uint16_t min = protocol::kMinVersion, std::uint16_t max = protocol::kMaxVersion) {
    return ask(MessageType::kHello, protocol::Hello::Request{min, max, "test"});
  }
  /// The code of the error that comes next.
  Errc next_error() {
    const auto error = client_.receive_error();
    return error ? error->code : Errc::kOk;
  }
  template <class Exchange>
  typename Exchange::Response next() {
    const auto message = client_.receive();
    EXPECT_TRUE(message);
    auto response = protocol::decode<typename Exchange::Response>(message->payload);
    EXPECT_TRUE(response);
    return response ? std::move(*response) : typename Exchange::Response{};
  }

  test::SocketPair pair_ = test::make_socket_pair();
  test::Client client_{std::move(pair_.theirs)};
  support::Event stop_;
  std::size_t queued_bytes_ = 0;
  std::unique_ptr<commands::AgentState> state_ = test::make_agent_state();
  Outbox outbox_{pair_.ours.get(), stop_, queued_bytes_};
  Session session_{*state_, outbox_};
};

TEST_F(SessionTest, BeginsWithHello) {
  EXPECT_TRUE(greet());
  EXPECT_EQ(next<protocol::Hello>().status, protocol::HelloStatus::kWelcome);

  EXPECT_TRUE(ask(MessageType::kVitals, protocol::Vitals::Request{}));
  EXPECT_GE(next<protocol::Vitals>().os_threads, 1U);
}

TEST_F(SessionTest, EndsWithoutHello) {
  EXPECT_FALSE(ask(MessageType::kVitals, protocol::Vitals::Request{}));

  EXPECT_EQ(next_error(), Errc::kHelloRequired);
}

TEST_F(SessionTest, EndsAfterAHelloWithoutCommonVersion) {
  EXPECT_FALSE(greet(protocol::kMaxVersion + 1, protocol::kMaxVersion + 5));

  const auto hello = next<protocol::Hello>();
  EXPECT_EQ(hello.status, protocol::HelloStatus::kNoCommonVersion);
  EXPECT_EQ(hello.max_version, protocol::kMaxVersion);
  EXPECT_FALSE(hello.agent_version.empty());
}

TEST_F(SessionTest, TakesAClientThatKnowsMoreVersions) {
  EXPECT_TRUE(greet(protocol::kMinVersion, protocol::kMaxVersion + 5));

  EXPECT_EQ(next<protocol::Hello>().version, protocol::kMaxVersion);
}

TEST_F(SessionTest, EndsAfterAMalformedHello) {
  EXPECT_FALSE(ask(MessageType::kHello, protocol::Vitals::Request{}));

  EXPECT_EQ(next_error(), Errc::kMalformedPayload);
}

TEST_F(SessionTest, GoesOnAfterAnUnknownMessage) {
  ASSERT_TRUE(greet());
  next<protocol::Hello>();

  EXPECT_TRUE(ask(static_cast<MessageType>(500), protocol::Vitals::Request{}));

  EXPECT_EQ(next_error(), Errc::kUnknownMessage);
}

TEST_F(SessionTest, EndsAfterAMalformedPayload) {
  ASSERT_TRUE(greet());
  next<protocol::Hello>();

  EXPECT_FALSE(ask(MessageType::kVitals, protocol::Threads::Request{}));

  EXPECT_EQ(next_error(), Errc::kMalformedPayload);
}

TEST_F(SessionTest, RefusesAVersionThatItDoesNotSpeak) {
  ASSERT_TRUE(greet());
  next<protocol::Hello>();

  EXPECT_FALSE(begin({.version = protocol::kMaxVersion + 1, .type = MessageType::kVitals}));

  EXPECT_EQ(next_error(), Errc::kUnsupportedVersion);
}

TEST_F(SessionTest, RefusesARequestInParts) {
  ASSERT_TRUE(greet());
  next<protocol::Hello>();

  EXPECT_FALSE(begin({.flags = protocol::kNoFlags, .type = MessageType::kVitals}));

  EXPECT_EQ(next_error(), Errc::kBadHeader);
}

TEST_F(SessionTest, RefusesAnOversizedClaimBeforeItIsRead) {
  EXPECT_FALSE(
      begin({.type = MessageType::kHello, .payload_bytes = protocol::kMaxRequestBytes + 1}));

  EXPECT_EQ(next_error(), Errc::kPayloadTooLarge);
}

TEST_F(SessionTest, RefusesBytesOfAnotherProtocol) {
  protocol::HeaderBytes bytes{};
  const char text[] = "GET / HTTP/1.1\r\n";
  std::memcpy(bytes.data(), text, bytes.size());

  EXPECT_FALSE(session_.begin(bytes));

  EXPECT_EQ(next_error(), Errc::kBadMagic);
}

TEST_F(SessionTest, CountsWhatWasAnswered) {
  ASSERT_TRUE(greet());
  next<protocol::Hello>();
  EXPECT_EQ(state_->counters.requests_served, 0U) << "a hello asks nothing";

  ask(MessageType::kVitals, protocol::Vitals::Request{});
  ask(static_cast<MessageType>(500), protocol::Vitals::Request{});
  ask(MessageType::kVitals, protocol::Vitals::Request{});

  EXPECT_EQ(next<protocol::Vitals>().requests_served, 0U);
  EXPECT_EQ(state_->counters.requests_served, 2U);
}

}  // namespace
}  // namespace xgops::server
