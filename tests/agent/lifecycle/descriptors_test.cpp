// SPDX-License-Identifier: MIT
// The program's descriptors are its own, and the agent's are the agent's.
#include "agent_target.hpp"

#include <gtest/gtest.h>

#include <string>

namespace xgops::test {
namespace {

class DescriptorsTest : public testing::TestWithParam<Adoption> {
 protected:
  AgentTarget target_{GetParam()};
};

TEST_P(DescriptorsTest, OfTheAgentAreNotTheProgramsOnes) {
  EXPECT_TRUE(target_.answers());

  EXPECT_EQ(target_.ask("descriptors"), "0 1 2 ");
}

TEST_P(DescriptorsTest, AreCountedWithoutTheAgentsOwn) {
  auto client = target_.connect();
  ASSERT_TRUE(client);

  const auto vitals = client->ask<protocol::Vitals>();

  ASSERT_TRUE(vitals);
  EXPECT_EQ(vitals.value().open_fds, 3U);
}

TEST_P(DescriptorsTest, MayAllBeClosedAndUsedAgain) {
  auto before = target_.connect();
  ASSERT_TRUE(before);

  EXPECT_TRUE(target_.ask("reuse-descriptors").starts_with("3 4 5 6 "));

  EXPECT_TRUE(before->ask<protocol::Vitals>()) << "a connection from before";
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(target_.answers()) << i;
  }
  EXPECT_EQ(target_.ask("own-descriptors"), "30");
}

TEST_P(DescriptorsTest, MayAllBeClosedAtExit) {
  target_.ask("reuse-descriptors");

  EXPECT_EQ(target_.process().finish(), 7);

  EXPECT_TRUE(sockets_in(target_.directory()).empty());
}

TEST_P(DescriptorsTest, OfAClosedProgramAreNotTheChildsOnesEither) {
  target_.ask("reuse-descriptors");
  const pid_t child = std::stoi(target_.ask("fork"));

  EXPECT_TRUE(target_.connect_to(child)) << target_.agent_log();
  EXPECT_EQ(target_.ask("own-descriptors"), "30");
}

INSTANTIATE_TEST_SUITE_P(Adoptions, DescriptorsTest, testing::ValuesIn(all_adoptions()),
                         adoption_name);

}  // namespace
}  // namespace xgops::test
