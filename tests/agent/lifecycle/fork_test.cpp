// SPDX-License-Identifier: MIT
// What becomes of the agent in children.
#include "agent_target.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include <sys/types.h>

namespace xgops::test {
namespace {

class ForkTest : public testing::TestWithParam<Adoption> {};

TEST_P(ForkTest, GivesTheChildAnAgentOfItsOwn) {
  AgentTarget target(GetParam());
  auto parent = target.connect();
  ASSERT_TRUE(parent);
  const auto parent_hello = parent->hello();
  const pid_t child_pid = std::atoi(target.ask("fork").c_str());

  auto child = target.connect_to(child_pid);

  ASSERT_TRUE(child) << target.agent_log();
  const auto child_hello = child->hello();
  ASSERT_TRUE(parent_hello && child_hello);
  EXPECT_EQ(child_hello.value().pid, child_pid);
  EXPECT_NE(child_hello.value().instance_id, parent_hello.value().instance_id);
  const auto info = child->ask<protocol::ProcessInfo>();
  ASSERT_TRUE(info);
  EXPECT_EQ(info.value().parent_pid, target.pid());
  EXPECT_EQ(info.value().os_threads, 2U);
  EXPECT_EQ(AgentTarget::agent_threads(child_pid).size(), 1U);
  EXPECT_EQ(parent->hello().value().pid, target.pid()) << "the same connection as before";
  EXPECT_TRUE(target.answers());
}

TEST_P(ForkTest, GivesGrandchildrenOneToo) {
  AgentTarget target(GetParam());
  const pid_t daemon = std::atoi(target.ask("daemonise").c_str());

  auto client = target.connect_to(daemon);

  ASSERT_TRUE(client) << target.agent_log();
  EXPECT_EQ(client->hello().value().pid, daemon);
  EXPECT_TRUE(client->ask_all<protocol::Stacks>());
  EXPECT_TRUE(target.answers());
}

TEST_P(ForkTest, KeepsTheChildSilentOnRequest) {
  AgentTarget target(GetParam(), {{"XGOPS_FORK", "silent"}});
  const pid_t child = std::atoi(target.ask("fork").c_str());

  EXPECT_TRUE(AgentTarget::agent_threads(child).empty());
  EXPECT_TRUE(target.answers());
  EXPECT_EQ(sockets_in(target.directory()).size(), 1U);
}

TEST_P(ForkTest, LeavesNoTraceOfChildrenThatEndSoon) {
  AgentTarget target(GetParam());

  EXPECT_EQ(target.ask("fork-many 300"), "300");

  EXPECT_EQ(sockets_in(target.directory()).size(), 1U) << target.agent_log();
  EXPECT_TRUE(target.answers());
}

TEST_P(ForkTest, DoesNotKeepTheParentsConnectionsOpen) {
  AgentTarget target(GetParam());
  auto client = target.connect();
  ASSERT_TRUE(client);
  target.ask("fork");

  target.process().kill();

  EXPECT_TRUE(client->ends()) << "a child holds a copy of it";
}

INSTANTIATE_TEST_SUITE_P(Adoptions, ForkTest, testing::ValuesIn(all_adoptions()), adoption_name);

#if !defined(XGOPS_SANITIZED)
TEST(ForkTest, FromAProgramThatWasStoppedAndStartedAgain) {
  AgentTarget target(Adoption::kLinked);
  EXPECT_EQ(target.ask("stop"), "stopped");
  const pid_t silent = std::atoi(target.ask("fork").c_str());
  EXPECT_TRUE(AgentTarget::agent_threads(silent).empty());

  EXPECT_EQ(target.ask("start"), "running");

  const pid_t child = std::atoi(target.ask("fork").c_str());
  EXPECT_TRUE(target.connect_to(child));
}
#endif

}  // namespace
}  // namespace xgops::test
