// SPDX-License-Identifier: MIT
// The answer to Vitals.
#include "commands/handlers.hpp"
#include "recording_channel.hpp"
#include "running_server.hpp"

#include <gtest/gtest.h>

#include <optional>

#include <sys/resource.h>

namespace xgops::commands {
namespace {

std::optional<protocol::Vitals::Response> ask_vitals(AgentState& state) {
  test::RecordingChannel channel;
  Reply<protocol::Vitals> reply(channel, {});
  EXPECT_TRUE(handle(state, protocol::Vitals::Request{}, reply));
  return channel.as<protocol::Vitals::Response>(0);
}

TEST(VitalsTest, HasEveryNumber) {
  const auto state = test::make_agent_state();
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);

  const auto vitals = ask_vitals(*state);

  ASSERT_TRUE(vitals);
  EXPECT_EQ(vitals->tasks, 0U);
  EXPECT_GE(vitals->os_threads, 1U);
  EXPECT_EQ(vitals->cpu_count, stats::ProcessReader::cpu_count());
  EXPECT_GT(vitals->rss_bytes, 0U);
  EXPECT_GT(vitals->virtual_bytes, vitals->rss_bytes);
  EXPECT_GT(vitals->uptime_ns, 0U);
  EXPECT_GT(vitals->cpu_time_ns, 0U);
  EXPECT_GE(vitals->open_fds, 3U);
  EXPECT_EQ(vitals->fd_limit, limit.rlim_cur);
}

TEST(VitalsTest, HasTheCounters) {
  const auto state = test::make_agent_state();
  state->counters = {.requests_served = 12, .peers_refused = 3};

  const auto vitals = ask_vitals(*state);

  ASSERT_TRUE(vitals);
  EXPECT_EQ(vitals->requests_served, 12U);
  EXPECT_EQ(vitals->peers_refused, 3U);
}

TEST(VitalsTest, OfOneProcessGrowOlder) {
  const auto state = test::make_agent_state();

  const auto before = ask_vitals(*state);
  const auto after = ask_vitals(*state);

  ASSERT_TRUE(before && after);
  EXPECT_GT(after->uptime_ns, before->uptime_ns);
  EXPECT_GE(after->cpu_time_ns, before->cpu_time_ns);
}

}  // namespace
}  // namespace xgops::commands
