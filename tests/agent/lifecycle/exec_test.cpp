// SPDX-License-Identifier: MIT
// What becomes of the agent when the process runs another program.
#include "agent_target.hpp"
#include "support/paths.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace xgops::test {
namespace {

/// Only a preloaded agent follows.
class ExecTest : public testing::Test {
 protected:
  void SetUp() override {
#if defined(XGOPS_SANITIZED)
    GTEST_SKIP() << "an instrumented agent cannot be preloaded";
#endif
  }
};

TEST_F(ExecTest, IsFollowedByAPreloadedAgent) {
  AgentTarget target(Adoption::kPreloaded);
  auto before = target.connect();
  ASSERT_TRUE(before);
  const auto first = before->hello();

  // The same process and start time, so the same name of the socket.
  EXPECT_EQ(target.ask("exec echo here; exec sleep 1000"), "here");

  EXPECT_TRUE(before->ends());
  // The shell in between has an agent, too, until it executes the next program: who asks just then
  // gets no answer.
  constexpr int kPrograms = 3;
  std::optional<Client> after;
  for (int i = 0; !after && i < kPrograms; ++i) {
    after = target.connect();
  }
  ASSERT_TRUE(after) << target.agent_log();
  const auto second = after->hello();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(second.value().pid, first.value().pid);
  EXPECT_NE(second.value().instance_id, first.value().instance_id);
  target.process().kill();
}

TEST_F(ExecTest, IsFollowedByNoAgentOnRequest) {
  AgentTarget target(Adoption::kPreloaded, {{"XGOPS_FOLLOW_EXEC", "0"}});
  EXPECT_TRUE(target.answers());

  EXPECT_EQ(target.ask("shell echo \"[$LD_PRELOAD]\""), "[]");
  EXPECT_EQ(target.ask("shell ls /proc/self/task | wc -l"), "1");
  EXPECT_EQ(sockets_in(target.directory()).size(), 1U);
}

TEST_F(ExecTest, KeepsOtherPreloadedLibraries) {
  const std::string agent = agent_path().string();
  AgentTarget target(Adoption::kPreloaded, {{"XGOPS_FOLLOW_EXEC", "0"},
                                            {"LD_PRELOAD", "libm.so.6:" + agent + " libdl.so.2"}});

  EXPECT_TRUE(target.answers());
  EXPECT_EQ(target.ask("shell echo \"$LD_PRELOAD\""), "libm.so.6:libdl.so.2");
}

TEST_F(ExecTest, GivesProgramsThatAreExecutedAnAgent) {
  AgentTarget target(Adoption::kPreloaded);

  EXPECT_EQ(target.ask("shell ls $XGOPS_DIR/$$-*.sock | wc -l"), "1");
}

TEST_F(ExecTest, OfAScriptOfManyProgramsLeavesNothingBehind) {
  AgentTarget target(Adoption::kPreloaded);

  EXPECT_EQ(target.ask("shell for i in $(seq 50); do /bin/true || echo failed; done; echo done"),
            "done");

  // The shell ends by _exit, which runs no handlers.
  EXPECT_LE(sockets_in(target.directory()).size(), 2U);
  EXPECT_TRUE(target.answers());
}

}  // namespace
}  // namespace xgops::test
