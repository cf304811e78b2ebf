// SPDX-License-Identifier: MIT
// What a proof says of a later look.
#include "findings/proof_rules.hpp"

#include "cli/findings/look_builder.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace xgops::cli {
namespace {

using protocol::ProofHolder;
using protocol::ProofReason;
using protocol::ProofVerdict;
using protocol::TaskProof;
using protocol::TaskWaitReason;
using test::LookBuilder;

TaskProof proven(std::uint64_t id, std::uint32_t resumed = 0) {
  return {id, resumed, ProofVerdict::kProven, ProofReason::kNone, ProofHolder::kNothing, 0, 0};
}
TaskProof on_stack_of(std::uint64_t id, std::int32_t tid) {
  return {id, 0, ProofVerdict::kSuspect, ProofReason::kFrameHeld, ProofHolder::kStack, tid, 0x7000};
}

/// Thread 11, and tasks 1 to 3 that receive.
LookBuilder receivers() {
  LookBuilder builder;
  builder.thread(11, protocol::WaitReason::kEpoll);
  for (std::uint64_t id = 1; id <= 3; ++id) {
    builder.task(id, TaskWaitReason::kChannelReceive);
  }
  return builder;
}

TEST(KeepWhatStillHoldsTest, KeepsVerdictsOfTasksThatHaveNotMoved) {
  const LookBuilder builder = receivers();
  ProofAnswer answer;
  answer.tasks = {proven(1), proven(2)};

  keep_what_still_holds(builder.look(), answer);

  EXPECT_EQ(answer.tasks.size(), 2U);
  EXPECT_TRUE(answer.doubts.empty());
  EXPECT_EQ(answer.changed, 0U);
}

TEST(KeepWhatStillHoldsTest, ForgetsTasksThatHaveEnded) {
  const LookBuilder builder = receivers();
  ProofAnswer answer;
  answer.tasks = {proven(1), proven(9)};

  keep_what_still_holds(builder.look(), answer);

  ASSERT_EQ(answer.tasks.size(), 1U);
  EXPECT_EQ(answer.tasks[0].verdict, ProofVerdict::kProven) << "what is lost may be destroyed";
  EXPECT_EQ(answer.changed, 1U);
}

TEST(KeepWhatStillHoldsTest, ForgetsSuspectsThatHaveMoved) {
  LookBuilder builder = receivers();
  builder.task(4, TaskWaitReason::kChannelReceive).resumed = 7;
  ProofAnswer answer;
  answer.tasks = {proven(1), on_stack_of(4, 11)};

  keep_what_still_holds(builder.look(), answer);

  ASSERT_EQ(answer.tasks.size(), 1U);
  EXPECT_EQ(answer.tasks[0].verdict, ProofVerdict::kProven);
  EXPECT_TRUE(answer.doubts.empty());
}

TEST(KeepWhatStillHoldsTest, ProvesNothingOnceAProvenTaskHasMoved) {
  LookBuilder builder = receivers();
  builder.task(4, TaskWaitReason::kChannelReceive).resumed = 7;
  ProofAnswer answer;
  answer.tasks = {proven(1), proven(4, 6)};

  keep_what_still_holds(builder.look(), answer);

  ASSERT_EQ(answer.tasks.size(), 1U);
  EXPECT_EQ(answer.tasks[0].verdict, ProofVerdict::kSuspect);
  EXPECT_EQ(answer.tasks[0].reason, ProofReason::kDoubt);
  ASSERT_EQ(answer.doubts.size(), 1U);
  EXPECT_EQ(answer.doubts[0].find("task 4 went on"), 0U) << answer.doubts[0];
}

TEST(AddProofsTest, LeavesStrongerEvidence) {
  const LookBuilder builder = receivers();
  ProofAnswer answer;
  answer.tasks = {proven(1), proven(2), proven(3)};
  std::vector<Evidence> evidence{Evidence::kNone, Evidence::kCycle, Evidence::kNobodyCanRun,
                                 Evidence::kNone};

  add_proofs(builder.look(), answer, evidence);

  const std::vector<Evidence> expected{Evidence::kNone, Evidence::kCycle, Evidence::kUnreachable,
                                       Evidence::kUnreachable};
  EXPECT_EQ(evidence, expected);
}

TEST(SummarizeTest, PutsTogetherOfWhomTheSameIsSaid) {
  const LookBuilder builder = receivers();
  ProofAnswer answer;
  answer.tasks = {on_stack_of(1, 11), proven(2), on_stack_of(3, 11)};
  answer.problem = "p";
  answer.doubts = {"d"};
  answer.changed = 5;
  const std::vector<Evidence> evidence(4, Evidence::kNone);

  const ProofSummary summary = summarize(builder.look(), answer, evidence);

  ASSERT_EQ(summary.rows.size(), 2U);
  EXPECT_EQ(summary.rows[0].first.id, 2U) << "what is proven comes first";
  EXPECT_EQ(summary.rows[1].group.ids, (std::vector<std::uint64_t>{1, 3}));
  EXPECT_EQ(summary.rows[1].holder_name, "t11");
  EXPECT_EQ(summary.proven, 1U);
  EXPECT_EQ(summary.suspects, 2U);
  EXPECT_EQ(summary.reachable, 0U);
  EXPECT_EQ(summary.problem, "p");
  EXPECT_EQ(summary.doubts.size(), 1U);
  EXPECT_EQ(summary.changed, 5U);
}

TEST(SummarizeTest, TellsApartWhoIsBlockedAnyway) {
  const LookBuilder builder = receivers();
  ProofAnswer answer;
  answer.tasks = {on_stack_of(1, 11), on_stack_of(2, 11)};
  std::vector<Evidence> evidence(4, Evidence::kNone);
  evidence[1] = Evidence::kCycle;

  const ProofSummary summary = summarize(builder.look(), answer, evidence);

  ASSERT_EQ(summary.rows.size(), 2U);
  EXPECT_NE(summary.rows[0].blocked, summary.rows[1].blocked);
}

TEST(SummarizeTest, KnowsTheModuleOfAVariable) {
  LookBuilder builder = receivers();
  builder.module({1, 0x5000, 0x9000, 0x4000, "/opt/bin/server", {}, false});
  ProofAnswer answer;
  answer.tasks = {
      {1, 0, ProofVerdict::kReachable, ProofReason::kReached, ProofHolder::kGlobal, 0, 0x8010}};

  const ProofSummary summary = summarize(builder.look(), answer, {4, Evidence::kNone});

  ASSERT_EQ(summary.rows.size(), 1U);
  EXPECT_EQ(summary.rows[0].module, "server");
  EXPECT_EQ(summary.rows[0].offset, 0x4010U);
}

TEST(SummarizeTest, SurvivesAnAgentThatSaysEverything) {
  LookBuilder builder;
  ProofAnswer answer;
  std::uint64_t id = 0;
  for (int verdict = 0; verdict < 3; ++verdict) {
    for (int reason = 0; reason < 5; ++reason) {
      for (int holder = 0; holder < 10; ++holder) {
        for (int tid = 0; tid < 4; ++tid) {
          builder.task(++id, TaskWaitReason::kChannelReceive);
          answer.tasks.push_back({id, 0, static_cast<ProofVerdict>(verdict),
                                  static_cast<ProofReason>(reason),
                                  static_cast<ProofHolder>(holder), tid, 1});
        }
      }
    }
  }

  const ProofSummary summary =
      summarize(builder.look(), answer, std::vector<Evidence>(id, Evidence::kNone));

  EXPECT_EQ(summary.proven + summary.suspects + summary.reachable, id);
  EXPECT_LE(summary.rows.size(), 255U);
}

}  // namespace
}  // namespace xgops::cli
