// SPDX-License-Identifier: MIT
// What the tests of the prover share.
#pragma once

#include "lost_tasks.hpp"
#include "proof/prover.hpp"

#include <gtest/gtest.h>

#include <coroutine>
#include <cstdint>
#include <ios>
#include <memory>

namespace xgops::test {

class ProverFixture : public testing::Test {
 protected:
  ProverFixture() : executor_(std::make_unique<sync::Executor>()) {}

  static void expect_proven(const LostTask& lost) {
    const proof::ProofReport report = prove();
    const proof::TaskProof proof = proof_of(report, lost.id);
    EXPECT_EQ(proof.verdict, proof::Verdict::kProven)
        << text_of(report) << " reached " << static_cast<int>(proof.reached) << " by "
        << static_cast<int>(proof.holder.kind) << " at " << std::hex << proof.holder.address;
  }
  /// Something has the channel.
  static void expect_reachable(const LostTask& lost, proof::HolderKind kind) {
    const proof::ProofReport report = prove();
    const proof::TaskProof proof = proof_of(report, lost.id);
    EXPECT_EQ(proof.verdict, proof::Verdict::kReachable) << text_of(report);
    EXPECT_EQ(proof.holder.kind, kind);
  }

  std::unique_ptr<sync::Executor> executor_;
};

/// Waits for what says nothing of itself.
struct Unannounced {
  std::coroutine_handle<>& waiting;

  bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) noexcept { waiting = self; }
  void await_resume() noexcept {}
};
inline sync::Task<> hold_and_wait(std::uint64_t /*channel*/, std::coroutine_handle<>& waiting) {
  co_await Unannounced{waiting};
}

}  // namespace xgops::test
