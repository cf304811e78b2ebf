// SPDX-License-Identifier: MIT
#include "look_builder.hpp"

#include <gtest/gtest.h>

namespace xgops::cli {
namespace {

using protocol::TaskWaitReason;
using test::findings_of;
using test::LookBuilder;

TEST(LostExceptionRuleTest, SaysWhatWhereAndHowOften) {
  LookBuilder builder;
  protocol::LostException lost;
  lost.type = "St13runtime_error";
  lost.what = "connection reset";
  lost.task_name = "session";
  lost.created = {0, 120, "server.cpp", "accept()"};
  lost.place = {0, 88, "session.cpp", "serve()"};
  lost.count = 3;
  lost.last_task = 19;
  lost.last_age_ns = 4'000'000'000;
  builder.look().lost_exceptions = {lost};

  const auto findings = findings_of(find_lost_exceptions, builder.look());

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_EQ(
      findings[0].sentence,
      "3 tasks created in accept() at server.cpp:120 ended with an exception, and nobody was told");
  ASSERT_EQ(findings[0].notes.size(), 2U);
  EXPECT_EQ(findings[0].notes[0],
            "the last was task 19 \"session\", 4 s ago: std::runtime_error: connection reset");
  EXPECT_EQ(findings[0].notes[1], "it had last waited in serve() at session.cpp:88");
}

TEST(LostExceptionRuleTest, LeavesOutWhatIsNotKnown) {
  LookBuilder builder;
  protocol::LostException lost;
  lost.type = "not a type";
  lost.count = 1;
  lost.last_task = 2;
  builder.look().lost_exceptions = {lost};

  const auto findings = findings_of(find_lost_exceptions, builder.look());

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].notes.size(), 1U);
  EXPECT_NE(findings[0].notes[0].find("it was task 2, "), std::string::npos)
      << findings[0].notes[0];
}

LookBuilder tasks_with_frame(std::uint32_t bytes) {
  LookBuilder builder;
  TaskTable& table = *builder.look().stacks.tasks;
  table.places = {{"serve()", "session.cpp", 88}, {"read()", "session.cpp", 30}};
  table.chains = {{2, 1}};
  table.frame_bytes = {{256, bytes}};
  for (std::uint64_t id = 1; id <= 5; ++id) {
    builder.task(id, TaskWaitReason::kTimer).chain = 1;
  }
  return builder;
}

TEST(LargeFrameRuleTest, NamesTheFunctionAndCountsTheTasks) {
  LookBuilder builder = tasks_with_frame(12'288);

  const auto findings = findings_of(find_large_frames, builder.look());

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(
      findings[0].sentence,
      "the coroutine frame of serve() has 12.0 KiB; 5 tasks have one each, 60.0 KiB together");
  EXPECT_EQ(findings[0].members.size(), 3U);
  EXPECT_EQ(findings[0].unlisted, 2U);
}

TEST(LargeFrameRuleTest, KeepsSilentBelowTheLimitAndWithoutSizes) {
  EXPECT_TRUE(findings_of(find_large_frames, tasks_with_frame(4095).look()).empty());
  LookBuilder builder = tasks_with_frame(12'288);
  builder.look().stacks.tasks->frame_bytes.clear();

  EXPECT_TRUE(findings_of(find_large_frames, builder.look()).empty());
}

}  // namespace
}  // namespace xgops::cli
