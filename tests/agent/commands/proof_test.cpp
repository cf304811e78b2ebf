// SPDX-License-Identifier: MIT
// The answer to Proof.
#include "commands/handlers.hpp"
#include "proof/lost_tasks.hpp"
#include "recording_channel.hpp"
#include "running_server.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace xgops::commands {
namespace {

using protocol::Proof;
using protocol::ProofReason;
using protocol::ProofStatus;
using protocol::ProofVerdict;
using test::elsewhere;
using test::LostTask;
using test::sync::Executor;

/// The messages of one answer, given by a thread like the agent's. `groups`: has the directories
/// `process` and `cgroup`, in place of the system's.
std::vector<Proof::Response> ask(const Proof::Request& request, int signal,
                                 const std::filesystem::path& groups = {}) {
  test::RecordingChannel channel;
  elsewhere([&] {
    const auto state = test::make_agent_state();
    state->signal = signal;
    if (!groups.empty()) {
      stats::ProcDirectories directories;
      directories.process.path = groups / "process";
      directories.cgroup.path = groups / "cgroup";
      state->process = stats::ProcessReader(std::move(directories));
    }
    ReplyTerms terms;
    terms.arrival = std::chrono::steady_clock::now();
    terms.deadline = terms.arrival + std::chrono::seconds(50);
    Reply<Proof> reply(channel, terms);
    EXPECT_TRUE(handle(*state, request, reply));
    EXPECT_TRUE(reply.finished());
  });
  std::vector<Proof::Response> parts;
  for (std::size_t i = 0; i < channel.size(); ++i) {
    parts.push_back(channel.as<Proof::Response>(i).value());
  }
  return parts;
}

const protocol::TaskProof& proof_of(const Proof::Response& part, std::uint64_t id) {
  static const protocol::TaskProof none;
  for (const protocol::TaskProof& task : part.tasks) {
    if (task.id == id) {
      return task;
    }
  }
  ADD_FAILURE() << "task " << id << " is not in the answer: " << part.problem;
  return none;
}

TEST(ProofTest, BeginsWithAnEstimateAndEndsWithVerdictsAndCosts) {
  const int signal = test::capture_signal();
  const auto executor = std::make_unique<Executor>();
  const LostTask lost = test::lose_receiver(*executor);

  const auto parts = ask({}, signal);

  ASSERT_EQ(parts.size(), 2U);
  EXPECT_GT(parts[0].estimate.scan_bytes, 0U);
  EXPECT_GT(parts[0].estimate.pause_ns, 0U);
  EXPECT_GE(parts[0].estimate.threads, 1U);
  EXPECT_EQ(parts[0].costs.stops, 0U);
  EXPECT_TRUE(parts[0].tasks.empty());
  EXPECT_EQ(parts[1].status, ProofStatus::kDone) << parts[1].problem;
  EXPECT_EQ(proof_of(parts[1], lost.id).verdict, ProofVerdict::kProven);
  EXPECT_EQ(proof_of(parts[1], lost.id).reason, ProofReason::kNone);
  EXPECT_GE(parts[1].costs.stops, 2U);
  EXPECT_GT(parts[1].costs.longest_pause_ns, 0U);
  EXPECT_GT(parts[1].costs.child_bytes, 0U);
  EXPECT_GT(parts[1].cost.interrupted, 0U);
}

TEST(ProofTest, OnlyEstimatesWhenAskedTo) {
  Proof::Request request;
  request.estimate_only = true;

  const auto parts = ask(request, test::capture_signal());

  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].status, ProofStatus::kEstimated);
  EXPECT_GT(parts[0].estimate.scan_bytes, 0U);
  EXPECT_EQ(parts[0].costs.stops, 0U);
}

TEST(ProofTest, RefusesMoreMemoryThanTheRequestAllows) {
  Proof::Request request;
  request.memory_limit_bytes = 4096;

  const auto parts = ask(request, test::capture_signal());

  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].status, ProofStatus::kTooLarge);
  EXPECT_NE(parts[0].problem.find("more than the limit of 1 MiB"), std::string::npos)
      << parts[0].problem;
  EXPECT_EQ(parts[0].costs.stops, 0U);
}

/// A control group with this limit, of which nothing is used.
class GroupWithLimit {
 public:
  explicit GroupWithLimit(std::uint64_t bytes) {
    write("process/cgroup", "0::/group\n");
    write("cgroup/group/memory.max", std::to_string(bytes));
    write("cgroup/group/memory.current", "0");
  }
  [[nodiscard]] const std::filesystem::path& path() const { return directory_.path(); }

 private:
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((directory_.path() / name).parent_path());
    std::ofstream(directory_.path() / name) << text;
  }

  test::TempDir directory_;
};

TEST(ProofTest, RefusesWhereControlGroupsMayHaveNoRoomForTheCopy) {
  const GroupWithLimit group(4096);

  const auto parts = ask({}, test::capture_signal(), group.path());

  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].status, ProofStatus::kNoRoom);
  EXPECT_EQ(parts[0].estimate.headroom_bytes, 4096);
  EXPECT_GT(parts[0].estimate.worst_bytes, parts[0].estimate.child_bytes);
  EXPECT_NE(parts[0].problem.find("control groups leave 0 MiB"), std::string::npos)
      << parts[0].problem;
  EXPECT_EQ(parts[0].costs.stops, 0U);

  Proof::Request request;
  request.ignore_headroom = true;
  EXPECT_EQ(ask(request, test::capture_signal(), group.path()).back().status, ProofStatus::kDone);
}

TEST(ProofTest, GoesOnWhereTheyHave) {
  const GroupWithLimit group(std::uint64_t{1} << 40U);

  const auto parts = ask({}, test::capture_signal(), group.path());

  EXPECT_EQ(parts.back().status, ProofStatus::kDone) << parts.back().problem;
  EXPECT_EQ(parts[0].estimate.headroom_bytes, std::int64_t{1} << 40);
}

TEST(ProofTest, SaysWithTheEstimateThatItWouldRefuse) {
  Proof::Request request;
  request.estimate_only = true;
  request.memory_limit_bytes = 4096;

  const auto parts = ask(request, test::capture_signal());

  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].status, ProofStatus::kTooLarge);
}

TEST(ProofTest, OnlySuspectsWhenNoThreadCanBeStopped) {
  const auto executor = std::make_unique<Executor>();
  const LostTask lost = test::lose_receiver(*executor);

  const auto parts = ask({}, 0);

  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[1].status, ProofStatus::kDone) << parts[1].problem;
  EXPECT_NE(proof_of(parts[1], lost.id).verdict, ProofVerdict::kProven);
  EXPECT_FALSE(parts[1].doubts.empty());
}

}  // namespace
}  // namespace xgops::commands
