// SPDX-License-Identifier: MIT
// The answer to Proof.
#include "commands/handlers.hpp"
#include "proof/lost_tasks.hpp"
#include "recording_channel.hpp"
#include "running_server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
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

/// The messages of one answer, given by a thread like the agent's.
std::vector<Proof::Response> ask(const Proof::Request& request, int signal) {
  test::RecordingChannel channel;
  elsewhere([&] {
    const auto state = test::make_agent_state();
    state->signal = signal;
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
