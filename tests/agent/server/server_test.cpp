// SPDX-License-Identifier: MIT
// Both servers, with clients that behave.
#include "client.hpp"
#include "running_server.hpp"
#include "xgops/version.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

namespace xgops::server {
namespace {

class ServerTest : public testing::TestWithParam<support::FdTable> {
 protected:
  test::RunningServer server_{GetParam()};
};

TEST_P(ServerTest, SaysWhoAnswers) {
  const auto hello = server_.connect().hello();

  ASSERT_TRUE(hello);
  EXPECT_EQ(hello.value().pid, ::getpid());
  EXPECT_EQ(hello.value().agent_version, kVersion);
  for (const auto type : {protocol::MessageType::kVitals, protocol::MessageType::kStacks}) {
    EXPECT_EQ(std::ranges::count(hello.value().capabilities, static_cast<std::uint16_t>(type)), 1);
  }
}

TEST_P(ServerTest, AnswersEveryMessage) {
  test::Client client = server_.greet();

  const auto info = client.ask<protocol::ProcessInfo>();
  const auto vitals = client.ask<protocol::Vitals>();
  const auto threads = client.ask_all<protocol::Threads>();
  const auto stacks = client.ask_all<protocol::Stacks>();

  ASSERT_TRUE(info && vitals && threads && stacks);
  EXPECT_EQ(info.value().path, std::filesystem::read_symlink("/proc/self/exe").string());
  EXPECT_GE(vitals.value().os_threads, 2U);
  EXPECT_GE(threads.value().front().threads.size(), 2U);
  EXPECT_FALSE(stacks.value().front().modules.empty());
}

TEST_P(ServerTest, ServesOneClientAfterAnother) {
  for (std::uint64_t served = 0; served < 50; ++served) {
    test::Client client = server_.greet();
    const auto vitals = client.ask<protocol::Vitals>();
    ASSERT_TRUE(vitals) << served;
    EXPECT_EQ(vitals.value().requests_served, served);
  }
}

TEST_P(ServerTest, AnswersRequestsThatCameTogether) {
  test::Client client = server_.connect();
  protocol::Bytes requests = protocol::encode_message(
      {.type = protocol::MessageType::kHello, .request_id = 1}, protocol::Hello::Request{});
  for (std::uint32_t id = 2; id <= 20; ++id) {
    const auto request = protocol::encode_message(
        {.type = protocol::MessageType::kVitals, .request_id = id}, protocol::Vitals::Request{});
    requests.insert(requests.end(), request.begin(), request.end());
  }

  ASSERT_TRUE(client.send(requests));

  for (std::uint32_t id = 1; id <= 20; ++id) {
    const auto message = client.receive();
    ASSERT_TRUE(message) << id;
    EXPECT_EQ(message->header.request_id, id);
    EXPECT_NE(message->header.type, protocol::MessageType::kError);
  }
}

TEST_P(ServerTest, AnswersARequestThatCameByteByByte) {
  test::Client client = server_.connect();
  const auto request = protocol::encode_message(
      {.type = protocol::MessageType::kHello, .request_id = 1}, protocol::Hello::Request{});

  for (const std::byte& byte : request) {
    ASSERT_TRUE(client.send({&byte, 1}));
  }

  EXPECT_TRUE(client.receive());
}

TEST_P(ServerTest, AnswersAClientThatStopsAskingRightAway) {
  test::Client client = server_.connect();
  client.send_request(protocol::MessageType::kHello, protocol::Hello::Request{});
  client.send_request(protocol::MessageType::kVitals, protocol::Vitals::Request{});
  ::shutdown(client.fd(), SHUT_WR);

  EXPECT_TRUE(client.receive());
  EXPECT_TRUE(client.receive());
  EXPECT_TRUE(client.ends());
}

INSTANTIATE_TEST_SUITE_P(Tables, ServerTest,
                         testing::Values(support::FdTable::kPrivate, support::FdTable::kShared),
                         [](const auto& instance) {
                           return instance.param == support::FdTable::kPrivate ? "Reactor"
                                                                               : "OneByOne";
                         });

}  // namespace
}  // namespace xgops::server
