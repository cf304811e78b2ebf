// SPDX-License-Identifier: MIT
// Programs that lock themselves in: the agent gives up with a reason, the program goes on.
#include "agent_target.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace xgops::test {
namespace {

class DeniedStartTest : public testing::TestWithParam<std::string> {};

TEST_P(DeniedStartTest, IsAnErrorAndNothingElse) {
  AgentTarget target(Adoption::kLinked, {}, {"deny", GetParam()});

  EXPECT_TRUE(target.start_result().starts_with(std::to_string(EPERM) + " "))
      << target.start_result();
  EXPECT_TRUE(AgentTarget::has_no_agent_thread(target.pid()));
  EXPECT_EQ(target.ask("descriptors"), "0 1 2 ");
  EXPECT_TRUE(sockets_in(target.directory()).empty());
  EXPECT_EQ(target.process().finish(), 7);
}

INSTANTIATE_TEST_SUITE_P(Calls, DeniedStartTest,
                         testing::Values("socket", "bind", "listen", "clone3", "epoll_create1",
                                         "timerfd_create", "poll"));

TEST(FilterOfAContainerTest, MakesNoDifference) {
  AgentTarget target(Adoption::kLinked, {}, {"deny", "unshare"});

  EXPECT_EQ(target.start_result(), "running");
  EXPECT_TRUE(target.answers());
  EXPECT_EQ(target.process().finish(), 7);
  EXPECT_TRUE(sockets_in(target.directory()).empty());
}

TEST(FilterOfAContainerTest, IsSaidToLimitWhatIsKnownOfThreads) {
  AgentTarget target(Adoption::kLinked, {}, {"deny", "unshare"});
  auto client = target.connect();
  ASSERT_TRUE(client);

  const auto info = client->ask<protocol::ProcessInfo>();

  ASSERT_TRUE(info);
  const auto& limits = info.value().limits;
  EXPECT_TRUE(std::any_of(limits.begin(), limits.end(), [](const std::string& limit) {
    return limit.find("under seccomp") != std::string::npos;
  })) << testing::PrintToString(limits);
}

class LaterDenialTest : public testing::TestWithParam<Adoption> {
 protected:
  AgentTarget target_{GetParam()};
};

TEST_P(LaterDenialTest, OfAcceptEndsTheServiceAndSaysSo) {
  ASSERT_EQ(target_.ask("deny-all accept4"), "denied");

  EXPECT_FALSE(Client::connect(sockets_in(target_.directory()).front()).value().hello());

  EXPECT_TRUE(AgentTarget::has_no_agent_thread(target_.pid()));
  EXPECT_NE(target_.agent_log().find("accept: Operation not permitted"), std::string::npos)
      << target_.agent_log();
  EXPECT_EQ(target_.process().finish(), 7);
}

TEST_P(LaterDenialTest, OfWaitingDoesNotBurnTheProgramsCpu) {
  const auto sockets = sockets_in(target_.directory());
  ASSERT_EQ(sockets.size(), 1U);
  ASSERT_EQ(target_.ask("deny-all epoll_wait poll"), "denied");

  // Should something else have woken it, it has found out by itself.
  if (auto client = Client::connect(sockets.front())) {
    static_cast<void>(client->hello());
  }

  EXPECT_TRUE(AgentTarget::has_no_agent_thread(target_.pid())) << "it tries for ever";
  EXPECT_EQ(target_.process().finish(), 7);
}

TEST_P(LaterDenialTest, OfOpeningFilesIsReported) {
  ASSERT_EQ(target_.ask("deny-all openat"), "denied");
  auto client = target_.connect();
  ASSERT_TRUE(client);

  const auto vitals = client->ask<protocol::Vitals>();

  ASSERT_FALSE(vitals);
  EXPECT_EQ(vitals.error().code, make_error_code(protocol::Errc::kUnavailable));
  EXPECT_EQ(target_.process().finish(), 7);
}

TEST_P(LaterDenialTest, OfAnythingLeavesTheSocketBehindAtExit) {
  // The agent must not even try what a stricter filter would kill the program for.
  ASSERT_EQ(target_.ask("deny-all eventfd2"), "denied");

  EXPECT_EQ(target_.process().finish(), 7);

  EXPECT_EQ(sockets_in(target_.directory()).size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Adoptions, LaterDenialTest, testing::ValuesIn(all_adoptions()),
                         adoption_name);

}  // namespace
}  // namespace xgops::test
