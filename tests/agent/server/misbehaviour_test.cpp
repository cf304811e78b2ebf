// SPDX-License-Identifier: MIT
// Clients that send nonsense, nothing, or do not read: each gets a defined end, and nobody else
// notices.
#include "client.hpp"
#include "running_server.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string_view>
#include <vector>

#include <sys/socket.h>

namespace xgops::server {
namespace {

using protocol::Errc;
using protocol::MessageType;

class MisbehaviourTest : public testing::Test {
 protected:
  void expect_service() const {
    test::Client other = server_.greet();
    EXPECT_TRUE(other.ask<protocol::Vitals>());
  }
  static std::vector<std::byte> bytes(std::string_view text) {
    const auto* const data = reinterpret_cast<const std::byte*>(text.data());
    return {data, data + text.size()};
  }

  test::RunningServer server_{support::FdTable::kPrivate};
};

TEST_F(MisbehaviourTest, AnotherProtocolGetsAnErrorAndTheEnd) {
  test::Client client = server_.connect();
  client.send(bytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));

  const auto error = client.receive_error();

  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Errc::kBadMagic);
  EXPECT_TRUE(client.ends());
  expect_service();
}

TEST_F(MisbehaviourTest, AMalformedPayloadGetsAnErrorAndTheEnd) {
  test::Client client = server_.greet();
  client.send(protocol::encode_message({.type = MessageType::kStacks, .request_id = 5},
                                       protocol::Threads::Request{}));

  const auto error = client.receive_error();

  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Errc::kMalformedPayload);
  EXPECT_TRUE(client.ends());
  expect_service();
}

TEST_F(MisbehaviourTest, AFloodOfBytesGetsAnErrorAndTheEnd) {
  test::Client client = server_.connect();

  // Until the agent does not take any more.
  const std::vector<std::byte> flood(1024 * 1024, std::byte{0x58});
  client.send(flood);

  const auto error = client.receive_error();
  EXPECT_TRUE(!error || error->code == Errc::kBadMagic);
  EXPECT_TRUE(client.ends());
  expect_service();
}

TEST_F(MisbehaviourTest, ASilentClientIsInNobodysWay) {
  std::vector<test::Client> silent;
  for (std::size_t i = 0; i < protocol::kMaxConnections - 1; ++i) {
    silent.push_back(server_.connect());
  }
  silent.back().send(bytes("XG"));

  expect_service();
}

TEST_F(MisbehaviourTest, AClientTooManyIsToldAndServedLater) {
  std::vector<test::Client> clients;
  for (std::size_t i = 0; i < protocol::kMaxConnections; ++i) {
    clients.push_back(server_.greet());
  }

  test::Client late = server_.connect();
  const auto error = late.receive_error();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Errc::kBusy);
  EXPECT_FALSE(error->hint.empty());
  EXPECT_TRUE(late.ends());
  EXPECT_TRUE(clients.back().ask<protocol::Vitals>()) << "those who are served stay";

  clients.clear();
  // The server notices the ends in its own time; each try waits for its answer.
  Result<protocol::Hello::Response> hello = Error{};
  for (int i = 0; i < 1000 && !hello; ++i) {
    hello = server_.connect().hello();
  }
  EXPECT_TRUE(hello);
}

TEST_F(MisbehaviourTest, AClientThatDoesNotReadIsInNobodysWay) {
  test::Client client = server_.greet();
  // Far more answers than its socket holds.
  const auto request = protocol::encode_message({.type = MessageType::kStacks, .request_id = 5},
                                                protocol::Stacks::Request{});
  for (int i = 0; i < 1000; ++i) {
    if (::send(client.fd(), request.data(), request.size(), MSG_DONTWAIT | MSG_NOSIGNAL) <= 0) {
      break;
    }
  }

  expect_service();
  expect_service();
}

TEST_F(MisbehaviourTest, AClientThatLeavesInTheMiddleIsForgotten) {
  for (int i = 0; i < 100; ++i) {
    test::Client client = server_.greet();
    client.send_request(MessageType::kStacks, protocol::Stacks::Request{});
    if (i % 2 == 0) {
      client.send(bytes("XGOP\1"));
    }
  }

  expect_service();
}

TEST_F(MisbehaviourTest, AReplyIsNoRequest) {
  test::Client client = server_.greet();
  client.send(protocol::encode_message({.type = MessageType::kError, .request_id = 5},
                                       protocol::ErrorReply{}));

  const auto error = client.receive_error();

  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Errc::kUnknownMessage);
}

}  // namespace
}  // namespace xgops::server
