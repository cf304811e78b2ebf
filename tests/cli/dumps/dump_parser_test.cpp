// SPDX-License-Identifier: MIT
// Dumps are read out of any text, and nothing in them is believed.
#include "dumps/dump_parser.hpp"

#include "cli/support/sample_dump.hpp"
#include "dumps/dump_line.hpp"
#include "support/failure.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace xgops::cli {
namespace {

using test::sample_dump;

/// `text` without the line that has this sequence number.
std::string without_line(std::string text, int sequence) {
  const std::size_t at = text.find(" " + std::to_string(sequence) + " ", text.find("xgops-dump"));
  const std::size_t begin = text.rfind('\n', at) + 1;
  text.erase(begin, text.find('\n', at) + 1 - begin);
  return text;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

ParsedDump parsed(const std::string& text, const std::string& id = {}) {
  auto dump = parse_dump(text, id);
  EXPECT_TRUE(dump) << (dump ? "" : dump.error().message());
  return dump ? *std::move(dump) : ParsedDump();
}

TEST(DumpLineTest, TakesALineApart) {
  const auto line = DumpLine::parse("log: xgops-dump 12.3 4 kind a=x%20y%25 b=0x1f c=-5 77! 8~");

  ASSERT_TRUE(line);
  EXPECT_EQ(line->id(), "12.3");
  EXPECT_EQ(line->sequence(), 4U);
  EXPECT_EQ(line->kind(), "kind");
  EXPECT_EQ(line->text("a"), "x y%");
  EXPECT_EQ(line->number<std::uint64_t>("b"), 31U);
  EXPECT_EQ(line->number<std::int64_t>("c"), -5);
  EXPECT_EQ(line->number<std::uint64_t>("c"), std::nullopt);
  EXPECT_EQ(line->number<std::int32_t>("missing"), std::nullopt);
  EXPECT_EQ(line->words(), (std::vector<std::string_view>{"77!", "8~"}));
}

TEST(DumpLineTest, IsNotWhatOnlyLooksLikeOne) {
  for (const char* text :
       {"", "xgops-dump", "xgops-dump ", "xgops-dump 12 1 begin", "xgops-dump 12.x 1 begin",
        "xgops-dump 12.1 0 begin", "xgops-dump 12.1 x begin", "xgops-dump 12.1 1",
        "xgopsdump 12.1 1 begin"}) {
    EXPECT_FALSE(DumpLine::parse(text)) << text;
  }
}

TEST(DumpLineTest, LeavesBadEscapesAsTheyAre) {
  const auto line = DumpLine::parse("xgops-dump 1.1 1 k a=% b=%2 c=%zz d=%41%");

  ASSERT_TRUE(line);
  EXPECT_EQ(line->text("a"), "%");
  EXPECT_EQ(line->text("b"), "%2");
  EXPECT_EQ(line->text("c"), "%zz");
  EXPECT_EQ(line->text("d"), "A%");
}

TEST(DumpParserTest, SaysWhyTheDumpWasWritten) {
  const ParsedDump dump = parsed(sample_dump());

  EXPECT_EQ(dump.process.pid, 4711);
  EXPECT_EQ(dump.process.name, "server");
  EXPECT_TRUE(dump.facts.is_crash);
  EXPECT_EQ(dump.facts.id, "4711.1");
  EXPECT_EQ(dump.facts.signal.signal, 11);
  EXPECT_EQ(dump.facts.signal.tid, 4712);
  EXPECT_EQ(dump.facts.signal.address, 0x10U);
  ASSERT_EQ(dump.facts.others.size(), 1U);
  EXPECT_EQ(dump.facts.others[0].tid, 4713);
  EXPECT_TRUE(dump.facts.complete());
}

TEST(DumpParserTest, ReadsThreadsWithTheirStacksAndWaits) {
  const ParsedDump dump = parsed(sample_dump());

  ASSERT_EQ(dump.stacks.threads.size(), 4U);
  ASSERT_EQ(dump.stacks.stacks.size(), 3U);
  EXPECT_EQ(dump.stacks.threads[0].facts.name, "worker %1");
  EXPECT_EQ(dump.stacks.threads[1].facts.wait.reason, protocol::WaitReason::kEpoll);
  EXPECT_EQ(dump.stacks.threads[1].facts.wait.fd, 4);
  EXPECT_FALSE(dump.stacks.threads[1].facts.wait.timed);
  EXPECT_EQ(dump.stacks.threads[3].status, protocol::StackStatus::kUnavailable);
  EXPECT_EQ(dump.stacks.threads[3].stack_id, 0U);
  const auto& frames = dump.stacks.stacks[0].frames;
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[0].flags, protocol::kExactPointer);
  EXPECT_EQ(frames[1].instruction_pointer, 0x402000U);
  EXPECT_EQ(frames[1].flags, protocol::kPlainFrame);
}

TEST(DumpParserTest, ReadsTasksWithTheirChains) {
  const ParsedDump dump = parsed(sample_dump());

  ASSERT_EQ(dump.tasks.tasks.size(), 3U);
  EXPECT_EQ(dump.tasks.tasks[0].state, protocol::TaskState::kRunning);
  EXPECT_EQ(dump.tasks.tasks[0].tid, 4712);
  EXPECT_EQ(dump.tasks.tasks[1].reason, protocol::TaskWaitReason::kSocketReceive);
  EXPECT_EQ(dump.tasks.tasks[1].argument_kind, protocol::TaskArgument::kDescriptor);
  ASSERT_EQ(dump.tasks.chains.size(), 2U);
  EXPECT_EQ(dump.tasks.chains[1].locations.size(), 2U);
  EXPECT_EQ(dump.tasks.running, 1U);
}

TEST(DumpParserTest, AHolderThatIsNotInACompleteDumpIsGone) {
  EXPECT_EQ(parsed(sample_dump()).tasks.tasks[2].owner_kind, protocol::TaskOwner::kGone);
  EXPECT_EQ(parsed(without_line(sample_dump(), 14)).tasks.tasks[2].owner_kind,
            protocol::TaskOwner::kTask);
}

TEST(DumpParserTest, CountsMissingLines) {
  const ParsedDump dump = parsed(without_line(without_line(sample_dump(), 6), 12));

  EXPECT_EQ(dump.facts.missing_lines, 2U);
  EXPECT_FALSE(dump.facts.complete());
  EXPECT_EQ(dump.stacks.threads[1].status, protocol::StackStatus::kUnavailable);
  EXPECT_FALSE(dump.stacks.threads[1].reason.empty());
}

TEST(DumpParserTest, NoticesThatTheEndIsMissing) {
  const std::string text = sample_dump();
  const ParsedDump dump = parsed(text.substr(0, text.find("xgops-dump 4711.1 9 ")));

  EXPECT_FALSE(dump.facts.ended);
  EXPECT_TRUE(dump.stacks.truncated);
  EXPECT_EQ(dump.stacks.threads.size(), 3U);
}

TEST(DumpParserTest, TakesLinesInAnyOrderButTheirOwn) {
  std::string text = sample_dump();
  const std::size_t module = text.find("xgops-dump 4711.1 2 ");
  const std::size_t end = text.find('\n', module) + 1;
  text += text.substr(module, end - module);
  text.erase(module, end - module);

  const ParsedDump dump = parsed(text);

  EXPECT_TRUE(dump.facts.complete());
  ASSERT_EQ(dump.stacks.modules.size(), 1U);
  EXPECT_EQ(dump.stacks.modules[0].path, "/opt/a b/server");
}

TEST(DumpParserTest, TakesEachLineOnce) {
  const ParsedDump once = parsed(sample_dump());
  const std::string text = sample_dump();
  const std::size_t second_line = text.find("xgops-dump 4711.1 2 ");

  const ParsedDump twice = parsed(text + text.substr(second_line));

  EXPECT_EQ(twice.stacks.stacks[0].frames.size(), once.stacks.stacks[0].frames.size());
  EXPECT_TRUE(twice.facts.complete());
}

TEST(DumpParserTest, FindsEachDumpOfAText) {
  const std::string second = [] {
    std::string text = sample_dump();
    for (std::size_t at = 0; (at = text.find("4711.1", at)) != std::string::npos;) {
      text[at + 5] = '2';
    }
    return replaced(std::move(text), "signal=11", "signal=8");
  }();
  const std::string text = sample_dump() + second;

  EXPECT_EQ(find_dumps(text), (std::vector<std::string>{"4711.1", "4711.2"}));
  EXPECT_EQ(parsed(text).facts.signal.signal, 8);
  EXPECT_EQ(parsed(text, "4711.1").facts.signal.signal, 11);
  EXPECT_FALSE(parse_dump(text, "4711.3"));
}

TEST(DumpParserTest, TheLastDumpOfAnIdCounts) {
  const std::string text = sample_dump() + replaced(sample_dump(), "signal=11", "signal=7");

  EXPECT_EQ(parsed(text).facts.signal.signal, 7);
  EXPECT_EQ(parsed(text).stacks.threads.size(), 4U);
}

TEST(DumpParserTest, RefusesWhatItCannotRead) {
  const auto nothing = parse_dump("no dump here\n", "");
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, Failure::kBadAnswer);

  const auto newer = parse_dump(replaced(sample_dump(), "version=1", "version=2"), "");
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code, Failure::kIncompatible);

  const auto headless = parse_dump(without_line(sample_dump(), 1), "4711.1");
  ASSERT_FALSE(headless);
  EXPECT_EQ(headless.error().code, Failure::kIncompatible);
}

TEST(DumpParserTest, CountsLinesThatMakeNoSense) {
  const auto damaged = [](const std::string& from, const std::string& to) {
    return parsed(replaced(sample_dump(), from, to)).facts.damaged_lines;
  };

  EXPECT_EQ(damaged("begin=0x400000", "begin=0x600000"), 1U);
  EXPECT_EQ(damaged("frames tid=4711", "frames tid=9999"), 1U);
  EXPECT_EQ(damaged("411000!", "4110zz!"), 1U);
  EXPECT_EQ(damaged("thread tid=4714", "thread tid=4713"), 1U);
  EXPECT_EQ(damaged("task id=2 ", "task id=1 "), 3U);  // With its two chain lines.
  EXPECT_EQ(damaged("fault tid=4713", "fault tid=0"), 1U);
}

TEST(DumpParserTest, PassesOverWhatALaterVersionAdds) {
  const ParsedDump dump =
      parsed(replaced(replaced(sample_dump(), "18 end", "18 news=1 x\nxgops-dump 4711.1 19 end"),
                      "cause=crash", "cause=crash weather=fine"));

  EXPECT_TRUE(dump.facts.complete());
}

}  // namespace
}  // namespace xgops::cli
