// SPDX-License-Identifier: MIT
// Nobody asks, so nothing runs.
#include "agent_target.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <string>
#include <thread>

#include <sys/syscall.h>

namespace xgops::test {
namespace {

/// How often a thread was given a CPU.
std::uint64_t times_scheduled(pid_t pid, pid_t tid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) +
                     "/schedstat");
  std::uint64_t cpu = 0;
  std::uint64_t waited = 0;
  std::uint64_t times = 0;
  file >> cpu >> waited >> times;
  return times;
}

/// Whether it sleeps in its wait for clients, not merely for a CPU. A host that has just started
/// its agent may be ready before the agent's thread is.
bool waits_for_clients(pid_t pid, pid_t tid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/syscall");
  std::string number;
  file >> number;
  return number == std::to_string(SYS_poll);
}

class IdleTest : public testing::TestWithParam<Adoption> {
 protected:
  /// Waits until the agent's thread sleeps and does not run between two looks.
  std::uint64_t settle(pid_t tid) const {
    std::uint64_t last = times_scheduled(target_.pid(), tid);
    for (;;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      const std::uint64_t now = times_scheduled(target_.pid(), tid);
      if (now == last && waits_for_clients(target_.pid(), tid)) {
        return now;
      }
      last = now;
    }
  }

  AgentTarget target_{GetParam()};
};

TEST_P(IdleTest, AnAgentNeverRunsUnlessAsked) {
  const pid_t tid = AgentTarget::agent_threads(target_.pid()).at(0);
  const std::uint64_t before = settle(tid);

  // A bounded look at a state, not a wait for an event.
  std::this_thread::sleep_for(std::chrono::seconds(2));

  EXPECT_EQ(times_scheduled(target_.pid(), tid), before);
}

TEST_P(IdleTest, AnAgentThatWasAskedSleepsAgain) {
  ASSERT_TRUE(target_.answers());
  const pid_t tid = AgentTarget::agent_threads(target_.pid()).at(0);
  const std::uint64_t before = settle(tid);

  std::this_thread::sleep_for(std::chrono::seconds(2));

  EXPECT_EQ(times_scheduled(target_.pid(), tid), before);
}

TEST_P(IdleTest, SignalsOfTheProgramDoNotWakeTheAgent) {
  const pid_t tid = AgentTarget::agent_threads(target_.pid()).at(0);
  const std::uint64_t before = settle(tid);

  EXPECT_EQ(target_.ask("raise 1000"), "1000 here");

  EXPECT_EQ(times_scheduled(target_.pid(), tid), before);
}

TEST_P(IdleTest, ChildrenOfTheProgramDoNotWakeTheAgent) {
  const pid_t tid = AgentTarget::agent_threads(target_.pid()).at(0);
  const std::uint64_t before = settle(tid);

  EXPECT_EQ(target_.ask("fork-many 100"), "100");

  EXPECT_EQ(times_scheduled(target_.pid(), tid), before);
}

INSTANTIATE_TEST_SUITE_P(Adoptions, IdleTest, testing::ValuesIn(all_adoptions()), adoption_name);

}  // namespace
}  // namespace xgops::test
