// SPDX-License-Identifier: MIT
// The answer to ProcessInfo.
#include "commands/handlers.hpp"
#include "recording_channel.hpp"
#include "running_server.hpp"
#include "xgops/version.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>

#include <sys/prctl.h>
#include <unistd.h>

namespace xgops::commands {
namespace {

std::optional<protocol::ProcessInfo::Response> ask_info(AgentState& state) {
  test::RecordingChannel channel;
  Reply<protocol::ProcessInfo> reply(channel, {});
  EXPECT_TRUE(handle(state, protocol::ProcessInfo::Request{}, reply));
  return channel.as<protocol::ProcessInfo::Response>(0);
}

TEST(ProcessInfoTest, DescribesThisProcess) {
  const auto state = test::make_agent_state();

  const auto info = ask_info(*state);

  ASSERT_TRUE(info);
  EXPECT_EQ(info->pid, ::getpid());
  EXPECT_EQ(info->parent_pid, ::getppid());
  EXPECT_EQ(info->uid, ::geteuid());
  EXPECT_EQ(info->path, std::filesystem::read_symlink("/proc/self/exe").string());
  ASSERT_FALSE(info->arguments.empty());
  EXPECT_EQ(std::filesystem::path(info->arguments.front()).filename(), "agent_commands_test");
  EXPECT_EQ(info->start_time_ticks, state->identity.start_time_ticks);
  EXPECT_GE(info->os_threads, 1U);
  EXPECT_GE(info->uptime_ns, info->agent_uptime_ns);
  EXPECT_EQ(info->agent_version, kVersion);
  EXPECT_EQ(info->agent_mode, "linked");
  EXPECT_EQ(info->signal, 0);
}

TEST(ProcessInfoTest, ShowsANameThatWasChanged) {
  const auto state = test::make_agent_state();
  ::prctl(PR_SET_NAME, "a) b (c");

  const auto info = ask_info(*state);

  ::prctl(PR_SET_NAME, "agent_commands_");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->name, "a) b (c");
}

TEST(ProcessInfoTest, SaysWhatTheAgentCannotDo) {
  const auto state = test::make_agent_state();
  state->limits.emplace_back("something is missing");

  const auto info = ask_info(*state);

  ASSERT_TRUE(info);
  EXPECT_EQ(std::count(info->limits.begin(), info->limits.end(), "something is missing"), 1);
}

}  // namespace
}  // namespace xgops::commands
