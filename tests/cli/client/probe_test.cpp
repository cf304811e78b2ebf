// SPDX-License-Identifier: MIT
// Many agents asked at a time.
#include "client/probe.hpp"

#include "cli/support/fake_agent.hpp"
#include "client/target.hpp"
#include "support/failure.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

namespace xgops::cli {
namespace {

using std::chrono::milliseconds;
using test::Behaviour;

constexpr milliseconds kPatience{20'000};
/// For tests with an agent that stays silent: all of it is waited, and the others must answer
/// within it on a loaded machine.
constexpr milliseconds kShort{2'000};

/// One directory with agents of this process under different names.
class ProbeTest : public testing::Test {
 protected:
  void start(std::int32_t pid, Behaviour behaviour = Behaviour::kNormal) {
    test::FakeAgentOptions options = test::plausible_agent();
    options.behaviour = behaviour;
    options.endpoint = protocol::Endpoint{pid, 1};
    options.info.pid = pid;
    agents_.push_back(std::make_unique<test::FakeAgent>(directory_.path(), options));
  }

  std::vector<Probe> probe(milliseconds patience = kPatience) const {
    const auto directory = open_directory(directory_.path(), ::geteuid());
    return probe_all(sockets_in(*directory), ::geteuid(), Deadline::after(patience));
  }

  test::TempDir directory_;
  std::vector<std::unique_ptr<test::FakeAgent>> agents_;
};

TEST_F(ProbeTest, AsksAllAgents) {
  for (std::int32_t pid = 100; pid < 140; ++pid) {
    start(pid);
  }

  const auto probes = probe();

  ASSERT_EQ(probes.size(), 40U);
  for (const Probe& probe : probes) {
    ASSERT_TRUE(probe.outcome) << probe.outcome.error().message();
    EXPECT_EQ(probe.info.pid, probe.address.endpoint.pid);
    EXPECT_EQ(probe.peer.pid, ::getpid());
  }
}

TEST_F(ProbeTest, LetsNoBadAgentKeepOthersFromAnswering) {
  start(100);
  start(101, Behaviour::kSilent);
  start(102, Behaviour::kGarbage);
  start(103, Behaviour::kSlowTrickle);
  start(104, Behaviour::kOversize);
  start(105, Behaviour::kEndless);
  start(106, Behaviour::kCloses);
  start(107, Behaviour::kNewerProtocol);
  start(108, Behaviour::kBusy);
  start(109);

  const auto probes = probe(kShort);

  ASSERT_EQ(probes.size(), 10U);
  const std::vector<std::error_code> expected{{},
                                              Failure::kNoAnswer,
                                              Failure::kBadAnswer,
                                              Failure::kNoAnswer,
                                              Failure::kBadAnswer,
                                              Failure::kBadAnswer,
                                              Failure::kBadAnswer,
                                              Failure::kIncompatible,
                                              protocol::Errc::kBusy,
                                              {}};
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const std::error_code code =
        probes[i].outcome ? std::error_code() : probes[i].outcome.error().code;
    EXPECT_EQ(code, expected[i]) << i << ": " << code.message();
  }
}

TEST_F(ProbeTest, TellsADeadSocketFromASilentAgent) {
  start(100);
  const auto path = agents_.front()->path();
  std::filesystem::rename(path, directory_.path() / "kept");
  agents_.clear();
  std::filesystem::rename(directory_.path() / "kept", path);

  const auto probes = probe();

  ASSERT_EQ(probes.size(), 1U);
  EXPECT_FALSE(probes[0].connected);
  EXPECT_EQ(probes[0].outcome.error().code, std::errc::connection_refused);
}

TEST_F(ProbeTest, SeesThatAProcessAnswersAsAnother) {
  start(100);
  Places places;

  const auto probes = probe();

  ASSERT_TRUE(probes.at(0).outcome);
  EXPECT_FALSE(identity_holds(places, probes[0])) << "this process is not 100";
}

}  // namespace
}  // namespace xgops::cli
