// SPDX-License-Identifier: MIT
// What keeps tasks alive, in words.
#include "output/proof_text.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace xgops::cli {
namespace {

using protocol::ProofHolder;
using protocol::ProofReason;

ProofRow held(ProofReason reason, ProofHolder holder, std::int32_t tid, std::uint64_t address) {
  ProofRow row;
  row.group.count = 1;
  row.first.reason = reason;
  row.first.holder = holder;
  row.first.holder_tid = tid;
  row.first.holder_address = address;
  return row;
}
std::string reached_by(ProofHolder holder, std::int32_t tid, std::uint64_t address) {
  return proof_story(held(ProofReason::kReached, holder, tid, address));
}

TEST(ProofStoryTest, NamesWhatLeadsToATask) {
  EXPECT_EQ(reached_by(ProofHolder::kGlobal, 0, 0x10),
            "a global variable (0x10) leads to what it waits for");
  EXPECT_EQ(reached_by(ProofHolder::kStack, 11, 0x10),
            "the stack of thread 11 leads to what it waits for");
  EXPECT_EQ(reached_by(ProofHolder::kStack, 0, 0x10),
            "the stack of a thread leads to what it waits for");
  EXPECT_EQ(reached_by(ProofHolder::kRegister, 11, 0),
            "a register of thread 11 leads to what it waits for");
  EXPECT_EQ(reached_by(ProofHolder::kHeap, 0, 0x10),
            "a block on the heap (0x10) leads to what it waits for");
  EXPECT_EQ(reached_by(ProofHolder::kTask, 0, 12), "task 12 leads to what it waits for");
  EXPECT_EQ(reached_by(ProofHolder::kMapping, 0, 0x10),
            "mapped memory (0x10) leads to what it waits for");
  EXPECT_EQ(reached_by(ProofHolder::kKernel, 0, 0),
            "an epoll set, a timer, a pipe or a socket leads to what it waits for");
  EXPECT_EQ(reached_by(ProofHolder::kLiveTask, 0, 0),
            "a task that goes on by itself leads to what it waits for");
  EXPECT_EQ(reached_by(ProofHolder::kLiveTask, 0, 12), "task 12 leads to what it waits for");
  EXPECT_EQ(reached_by(ProofHolder::kUnknown, 0, 0x10),
            "what it waits for is no block of the heap, so anybody may have it");
}

TEST(ProofStoryTest, SaysWhatAVariableBelongsToAndNamesOfThreads) {
  ProofRow row = held(ProofReason::kReached, ProofHolder::kGlobal, 0, 0x5010);
  row.module = "ser\x1bver";
  row.offset = 0x1010;
  EXPECT_EQ(proof_story(row), "a global variable (ser\\x1bver+0x1010) leads to what it waits for");

  row = held(ProofReason::kFrameHeld, ProofHolder::kRegister, 11, 0);
  row.holder_name = "i\no";
  EXPECT_EQ(proof_story(row),
            "a register of thread 11 \"i\\x0ao\" has its frame, but nobody what it waits for");
}

TEST(ProofStoryTest, SpeaksOfOneOrOfMany) {
  ProofRow row = held(ProofReason::kFrameHeld, ProofHolder::kHeap, 0, 0x10);
  row.group.count = 2;
  EXPECT_EQ(proof_story(row),
            "a block on the heap (0x10) has their frames, but nobody what they wait for");

  row.first.reason = ProofReason::kFromSuspects;
  row.first.holder = ProofHolder::kTask;
  row.first.holder_address = 7;
  EXPECT_EQ(proof_story(row), "only suspects lead to them, such as task 7");

  row.first.reason = ProofReason::kDoubt;
  EXPECT_EQ(proof_story(row), "nothing leads to them, but not everything could be read");

  row.first.reason = ProofReason::kNone;
  EXPECT_EQ(proof_story(row), "nothing in the process leads to them");
}

LeaksReport with_one(protocol::ProofVerdict verdict, LeakClass leak_class) {
  LeaksReport report;
  report.proof.emplace();
  ProofRow row = held(ProofReason::kReached, ProofHolder::kKernel, 0, 0);
  row.first.verdict = verdict;
  row.group.ids = {3};
  row.group.site.wait = "channel receive";
  LeakRow shown;
  shown.group = row.group;
  shown.leak_class = leak_class;
  report.proof->rows = {row};
  report.rows = {shown};
  return report;
}

TEST(ProofLinesTest, TellOfTasksThatCanBeReachedOnlyWhereTheyAreShown) {
  using protocol::ProofVerdict;
  const Style style(false);
  const std::string line = "reachable: 1 task (3), channel receive in -: ";

  EXPECT_EQ(proof_lines(with_one(ProofVerdict::kReachable, LeakClass::kNone), style).find(line),
            std::string::npos);
  EXPECT_EQ(proof_lines(with_one(ProofVerdict::kReachable, LeakClass::kOld), style).find(line), 0U);
  LeaksReport all = with_one(ProofVerdict::kReachable, LeakClass::kNone);
  all.all = true;
  EXPECT_EQ(proof_lines(all, style).find(line), 0U);
  EXPECT_EQ(proof_lines(with_one(ProofVerdict::kSuspect, LeakClass::kNone), style).find("suspect:"),
            0U);
}

TEST(ProofLinesTest, AreNoneWithoutAProof) {
  EXPECT_EQ(proof_lines({}, Style(false)), "");
}

}  // namespace
}  // namespace xgops::cli
