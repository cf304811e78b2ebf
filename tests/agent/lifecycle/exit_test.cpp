// SPDX-License-Identifier: MIT
// How processes end, and what they leave behind.
#include "agent_target.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <string>

namespace xgops::test {
namespace {

constexpr const char* kDestroyed =
    "static object destroyed, and its text is long enough to be on the heap";

class ExitTest : public testing::TestWithParam<Adoption> {
 protected:
  AgentTarget target_{GetParam()};
};

TEST_P(ExitTest, ByReturnFromMainRemovesTheSocket) {
  ASSERT_TRUE(target_.answers());

  EXPECT_EQ(target_.process().finish(), 7);

  EXPECT_EQ(target_.process().read_line(), kDestroyed);
  EXPECT_TRUE(sockets_in(target_.directory()).empty());
}

TEST_P(ExitTest, ByExitRemovesTheSocket) {
  target_.process().send_line("end exit");

  EXPECT_EQ(target_.process().read_line(), kDestroyed);
  EXPECT_EQ(target_.process().wait(), 6);
  EXPECT_TRUE(sockets_in(target_.directory()).empty());
}

TEST_P(ExitTest, WhileAClientIsConnectedEndsItsConnection) {
  auto client = target_.connect();
  ASSERT_TRUE(client);

  EXPECT_EQ(target_.process().finish(), 7);

  EXPECT_TRUE(client->ends());
}

TEST_P(ExitTest, WhileAnAnswerIsMadeHarmsNobody) {
  for (int i = 0; i < 20; ++i) {
    AgentTarget target(GetParam());
    auto client = target.connect();
    ASSERT_TRUE(client);
    for (int j = 0; j < 20; ++j) {
      client->send_request(protocol::MessageType::kStacks, protocol::Stacks::Request{});
    }
    ASSERT_EQ(target.process().finish(), 7) << target.process().log();
  }
}

TEST_P(ExitTest, WithoutHandlersLeavesASocketThatRefuses) {
  target_.process().send_line("end _exit");

  EXPECT_EQ(target_.process().wait(), 5);
  const auto left = sockets_in(target_.directory());
  ASSERT_EQ(left.size(), 1U);
  const auto client = Client::connect(left.front());
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, std::errc::connection_refused);
}

TEST_P(ExitTest, ByAbortIsByAbort) {
  target_.process().send_line("end abort");

  EXPECT_EQ(target_.process().wait(), 128 + SIGABRT);
}

TEST_P(ExitTest, BySigkillLeavesASocketThatRefuses) {
  auto client = target_.connect();
  ASSERT_TRUE(client);

  target_.process().kill();

  EXPECT_EQ(target_.process().wait(), 128 + SIGKILL);
  EXPECT_TRUE(client->ends());
  ASSERT_EQ(sockets_in(target_.directory()).size(), 1U);
  EXPECT_FALSE(Client::connect(sockets_in(target_.directory()).front()));
}

TEST_P(ExitTest, OfAChildLeavesTheParentsSocket) {
  EXPECT_EQ(target_.ask("fork-many 1"), "1");
  target_.ask("shell true");

  EXPECT_TRUE(target_.answers());
}

INSTANTIATE_TEST_SUITE_P(Adoptions, ExitTest, testing::ValuesIn(all_adoptions()), adoption_name);

}  // namespace
}  // namespace xgops::test
