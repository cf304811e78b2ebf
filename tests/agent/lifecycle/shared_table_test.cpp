// SPDX-License-Identifier: MIT
// Where the system gives the agent no descriptor table of its own.
#include "agent_target.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <string>

namespace xgops::test {
namespace {

TEST(OldKernelTest, HasATableOfItsOwnByUnshare) {
  AgentTarget target(Adoption::kLinked, {}, {"deny", "close_range"});

  EXPECT_EQ(target.start_result(), "running");
  EXPECT_TRUE(target.answers());
  EXPECT_EQ(target.ask("descriptors"), "0 1 2 ");
}

class SharedTableTest : public testing::Test {
 protected:
  AgentTarget target_{Adoption::kLinked, {}, {"deny", "close_range", "unshare"}};
};

TEST_F(SharedTableTest, Answers) {
  EXPECT_EQ(target_.start_result(), "running");
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(target_.answers()) << i;
  }
}

TEST_F(SharedTableTest, SaysSo) {
  auto client = target_.connect();
  ASSERT_TRUE(client);

  const auto info = client->ask<protocol::ProcessInfo>();

  ASSERT_TRUE(info);
  EXPECT_TRUE(std::ranges::any_of(info.value().limits, [](const std::string& limit) {
    return limit.starts_with("one client is served at a time");
  }));
  EXPECT_NE(target_.agent_log().find("limit: one client"), std::string::npos);
}

TEST_F(SharedTableTest, LeavesTheLowNumbersToTheProgram) {
  EXPECT_TRUE(target_.ask("descriptors").starts_with("0 1 2 "));
  EXPECT_EQ(target_.ask("descriptors").find(" 3 "), std::string::npos);
}

TEST_F(SharedTableTest, SurvivesThatTheProgramClosesAll) {
  target_.ask("reuse-descriptors");

  // The first may still reach the old socket; then there is a new one.
  static_cast<void>(target_.answers());
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(target_.answers()) << i << "\n" << target_.agent_log();
  }
  EXPECT_EQ(target_.ask("own-descriptors"), "30") << "the agent has closed the program's";
}

TEST_F(SharedTableTest, GivesChildrenAnAgentOfTheirOwn) {
  const pid_t child = std::stoi(target_.ask("fork"));

  auto client = target_.connect_to(child);

  ASSERT_TRUE(client) << target_.agent_log();
  EXPECT_EQ(client->hello().value().pid, child);
}

TEST_F(SharedTableTest, LeavesNoListeningSocketInChildren) {
  const auto parent = wait_for_socket(target_.directory(), target_.pid());
  ASSERT_TRUE(parent);
  const pid_t child = std::stoi(target_.ask("fork"));
  ASSERT_TRUE(target_.connect_to(child));

  ::kill(target_.pid(), SIGKILL);
  ASSERT_TRUE(target_.process().wait());

  const auto client = Client::connect(*parent);
  ASSERT_FALSE(client) << "a child still holds it";
  EXPECT_EQ(client.error().code, std::errc::connection_refused);
}

TEST_F(SharedTableTest, Stops) {
  EXPECT_EQ(target_.ask("stop"), "stopped");

  EXPECT_TRUE(AgentTarget::has_no_agent_thread(target_.pid()));
  EXPECT_TRUE(sockets_in(target_.directory()).empty());
  EXPECT_EQ(target_.ask("descriptors"), "0 1 2 ");
}

}  // namespace
}  // namespace xgops::test
