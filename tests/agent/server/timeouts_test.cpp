// SPDX-License-Identifier: MIT
// Clients that wait too long. Takes as long as the protocol's limits.
#include "client.hpp"
#include "running_server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <vector>

#include <poll.h>
#include <sys/socket.h>

namespace xgops::server {
namespace {

using Clock = std::chrono::steady_clock;

/// Whether the agent hangs up before `patience` is over. Does not read.
bool is_hung_up_within(const test::Client& client, std::chrono::milliseconds patience) {
  pollfd end{.fd = client.fd(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&end, 1, static_cast<int>(patience.count())) > 0;
}

class TimeoutsTest : public testing::Test {
 protected:
  test::RunningServer server_{support::FdTable::kPrivate};
};

TEST_F(TimeoutsTest, EndSilentClientsAndThoseWhoTrickle) {
  const auto start = Clock::now();
  const test::Client silent = server_.connect();
  const test::Client greeted = server_.greet();
  test::Client trickling = server_.connect();
  const auto request = protocol::encode_message(
      {.type = protocol::MessageType::kHello, .request_id = 1}, protocol::Hello::Request{});
  for (const std::byte& byte : std::span(request).first(request.size() - 1)) {
    trickling.send({&byte, 1});
  }

  for (const test::Client* client :
       std::initializer_list<const test::Client*>{&silent, &greeted, &trickling}) {
    EXPECT_TRUE(is_hung_up_within(*client, 2 * protocol::kIdleTimeout));
  }
  EXPECT_GE(Clock::now() - start, protocol::kIdleTimeout);
}

TEST_F(TimeoutsTest, EndClientsThatDoNotTakeTheirAnswers) {
  test::Client client = server_.greet();
  const auto request = protocol::encode_message(
      {.type = protocol::MessageType::kStacks, .request_id = 5}, protocol::Stacks::Request{});
  while (::send(client.fd(), request.data(), request.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
  }

  EXPECT_TRUE(is_hung_up_within(client, 3 * protocol::kSendTimeout));
  EXPECT_TRUE(server_.greet().ask<protocol::Vitals>());
}

}  // namespace
}  // namespace xgops::server
