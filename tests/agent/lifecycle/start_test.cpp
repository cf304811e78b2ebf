// SPDX-License-Identifier: MIT
// Starting, and being refused.
#include "agent_target.hpp"
#include "support/paths.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include <sys/stat.h>

namespace xgops::test {
namespace {

namespace fs = std::filesystem;

class StartTest : public testing::TestWithParam<Adoption> {};

TEST_P(StartTest, HasServedWhenItReturns) {
  AgentTarget target(GetParam());

  EXPECT_EQ(sockets_in(target.directory()).size(), 1U);
  EXPECT_TRUE(target.answers());
  auto client = target.connect();
  ASSERT_TRUE(client);
  const auto info = client->ask<protocol::ProcessInfo>();
  ASSERT_TRUE(info);
  EXPECT_EQ(info.value().pid, target.pid());
  EXPECT_EQ(info.value().agent_mode, to_string(GetParam()));
}

TEST_P(StartTest, AddsOneThread) {
  AgentTarget target(GetParam());

  EXPECT_EQ(AgentTarget::agent_threads(target.pid()).size(), 1U);
  EXPECT_EQ(target.ask("shell ls /proc/$PPID/task | wc -l"), "2");
}

TEST_P(StartTest, DoesNothingWithTheKillSwitch) {
  AgentTarget plain(GetParam(), {{"XGOPS", "0"}, {"LD_PRELOAD", std::nullopt}});
  AgentTarget target(GetParam(), {{"XGOPS", "0"}});

  EXPECT_TRUE(AgentTarget::agent_threads(target.pid()).empty());
  EXPECT_TRUE(sockets_in(target.directory()).empty());
  EXPECT_EQ(target.ask("handlers"), plain.ask("handlers"));
  EXPECT_EQ(target.agent_log(), "");
  if (GetParam() == Adoption::kLinked) {
    EXPECT_EQ(target.start_result(), "not running");
  }
}

TEST_P(StartTest, InstallsOneSignalHandlerAtMost) {
  AgentTarget plain(GetParam(), {{"XGOPS", "0"}});
  AgentTarget target(GetParam());
  AgentTarget without(GetParam(), {{"XGOPS_SIGNAL", "none"}});
  AgentTarget other(GetParam(), {{"XGOPS_SIGNAL", "40"}});
  const std::string before = plain.ask("handlers");

  EXPECT_EQ(target.ask("handlers"), before + std::to_string(SIGRTMAX - 2) + " ");
  EXPECT_EQ(without.ask("handlers"), before);
  EXPECT_EQ(other.ask("handlers"), before + "40 ");
  EXPECT_TRUE(without.answers());
  EXPECT_TRUE(other.answers());
}

TEST_P(StartTest, GoesOnWithoutAgentWhereNoSocketCanBe) {
  const TempDir temporary;
  const fs::path open_to_all = temporary.path() / "open";
  fs::create_directory(open_to_all);
  ::chmod(open_to_all.c_str(), 0777);
  const fs::path link = temporary.path() / "link";
  fs::create_directory_symlink(temporary.path(), link);
  const std::string long_path = "/tmp/" + std::string(100, 'x');
  for (const auto& [directory, code] : {std::pair<std::string, int>{open_to_all, EACCES},
                                        {link, EACCES},
                                        {"/no/such/parent/xgops", ENOENT},
                                        {"/proc/xgops", ENOENT},
                                        {long_path, ENAMETOOLONG}}) {
    AgentTarget target(
        GetParam(), {{"XGOPS_DIR", directory}, {"XGOPS_LOG", (temporary.path() / "log").string()}});

    EXPECT_EQ(target.ask("descriptors"), "0 1 2 ") << directory;
    EXPECT_TRUE(AgentTarget::has_no_agent_thread(target.pid())) << directory;
    if (GetParam() == Adoption::kLinked) {
      EXPECT_TRUE(target.start_result().starts_with(std::to_string(code) + " "))
          << directory << ": " << target.start_result();
    }
    EXPECT_EQ(target.process().finish(), 7);
  }
  std::ifstream log(temporary.path() / "log");
  const std::string text{std::istreambuf_iterator<char>(log), {}};
  EXPECT_NE(text.find("not started: " + open_to_all.string()), std::string::npos) << text;
}

TEST_P(StartTest, SaysNothingOnTheStandardStreams) {
  AgentTarget target(GetParam(), {{"XGOPS_DIR", "/no/such/parent/xgops"}});

  EXPECT_EQ(target.process().finish(), 7);

  EXPECT_NE(target.process().log().find("--- its stderr\n---"), std::string::npos)
      << target.process().log();
}

INSTANTIATE_TEST_SUITE_P(Adoptions, StartTest, testing::ValuesIn(all_adoptions()), adoption_name);

TEST(LinkedStartTest, IsRefusedTheSecondTime) {
  AgentTarget target(Adoption::kLinked);

  EXPECT_TRUE(target.ask("start").starts_with(std::to_string(EADDRINUSE)));
  EXPECT_TRUE(target.answers());
}

TEST(LinkedStartTest, CanBeRepeatedAfterAStop) {
  AgentTarget target(Adoption::kLinked);
  const std::string descriptors = target.ask("descriptors");
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(target.ask("stop"), "stopped");
    ASSERT_TRUE(sockets_in(target.directory()).empty());
    ASSERT_TRUE(AgentTarget::has_no_agent_thread(target.pid()));
    ASSERT_EQ(target.ask("start"), "running");
  }

  EXPECT_TRUE(target.answers());
  EXPECT_EQ(target.ask("descriptors"), descriptors);
}

TEST(LinkedStartTest, StopsWhileClientsAreConnected) {
  AgentTarget target(Adoption::kLinked);
  auto client = target.connect();
  ASSERT_TRUE(client);

  EXPECT_EQ(target.ask("stop"), "stopped");

  EXPECT_TRUE(client->ends());
}

#if !defined(XGOPS_SANITIZED)
TEST(LinkedStartTest, IsRefusedNextToAPreloadedAgent) {
  AgentTarget target(Adoption::kLinked, {{"LD_PRELOAD", agent_path().string()}});

  EXPECT_TRUE(target.start_result().starts_with(std::to_string(EADDRINUSE)))
      << target.start_result();
  EXPECT_TRUE(target.answers());
}
#endif

TEST(LinkedStartTest, WorksWhileALibraryIsLoaded) {
  AgentTarget target(Adoption::kLinked);
  ASSERT_EQ(target.ask("stop"), "stopped");

  EXPECT_EQ(target.ask("load 100 " XGOPS_PLUGIN), "loaded");

  EXPECT_TRUE(sockets_in(target.directory()).empty());
  EXPECT_EQ(target.ask("start"), "running");
  EXPECT_TRUE(target.answers());
}

}  // namespace
}  // namespace xgops::test
