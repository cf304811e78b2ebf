// SPDX-License-Identifier: MIT
// Programs that give up their user, their root, their directory.
#include "agent_target.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include <unistd.h>

namespace xgops::test {
namespace {

class PrivilegesTest : public testing::TestWithParam<Adoption> {
 protected:
  // A leak check at exit would need the /proc that chroot takes away.
  AgentTarget target_{GetParam(), {{"ASAN_OPTIONS", "detect_leaks=0"}}};
};

class RootPrivilegesTest : public PrivilegesTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root";
    }
  }
};

TEST_P(PrivilegesTest, AnotherDirectoryMakesNoDifference) {
  ASSERT_EQ(target_.ask("chdir /"), "ok");

  EXPECT_TRUE(target_.answers());
}

TEST_P(PrivilegesTest, LockedMemoryMakesNoDifference) {
  target_.ask("mlock");  // Where the limit allows it.

  EXPECT_TRUE(target_.answers());
}

TEST_P(RootPrivilegesTest, AnEmptyRootMakesNoDifference) {
  const TempDir empty;
  ASSERT_EQ(target_.ask("chroot " + empty.path().string()), "ok");

  EXPECT_TRUE(target_.answers());
  auto client = target_.connect();
  ASSERT_TRUE(client);
  const auto vitals = client->ask<protocol::Vitals>();
  ASSERT_TRUE(vitals);
  EXPECT_EQ(vitals.value().os_threads, 2U);
  EXPECT_EQ(vitals.value().open_fds, 3U);
  EXPECT_GT(vitals.value().rss_bytes, 0U);
  const auto info = client->ask<protocol::ProcessInfo>();
  ASSERT_TRUE(info);
  EXPECT_FALSE(info.value().name.empty());
  EXPECT_FALSE(info.value().path.empty());
#if !defined(XGOPS_SANITIZED)  // The leak check at the end finds no /proc and fails the program.
  EXPECT_EQ(target_.process().finish(), 7);
#endif
}

TEST_P(RootPrivilegesTest, AnEmptyRootKeepsTheProgramFromWaitingAtAStop) {
  const TempDir empty;
  ASSERT_EQ(target_.ask("chroot " + empty.path().string()), "ok");

  target_.ask("stop");  // Nobody can wake the thread: it sleeps on.

#if !defined(XGOPS_SANITIZED)  // As above.
  EXPECT_EQ(target_.process().finish(), 7);
#endif
}

TEST_P(RootPrivilegesTest, AnotherUserIsServedByRootsClients) {
  ASSERT_EQ(target_.ask("setuid 61234"), "ok");

  auto client = target_.connect();

  ASSERT_TRUE(client);
  const auto info = client->ask<protocol::ProcessInfo>();
  ASSERT_TRUE(info);
  EXPECT_EQ(info.value().uid, 61234U);
  EXPECT_TRUE(client->ask<protocol::Vitals>());
  EXPECT_EQ(target_.process().finish(), 7);
}

INSTANTIATE_TEST_SUITE_P(Adoptions, PrivilegesTest, testing::ValuesIn(all_adoptions()),
                         adoption_name);
INSTANTIATE_TEST_SUITE_P(Adoptions, RootPrivilegesTest, testing::ValuesIn(all_adoptions()),
                         adoption_name);

}  // namespace
}  // namespace xgops::test
