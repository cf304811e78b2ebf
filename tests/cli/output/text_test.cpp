// SPDX-License-Identifier: MIT
// Reports as text.
#include "output/text.hpp"

#include "cli/support/golden.hpp"
#include "cli/support/sample_reports.hpp"

#include <gtest/gtest.h>

#include <string>

namespace xgops::cli {
namespace {

using test::expect_golden;

bool has_control_character(const std::string& text) {
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f) {
      return true;
    }
  }
  return false;
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST(ListTextTest, AlignsColumnsAndGivesReasons) {
  expect_golden("list.txt", list_text(test::sample_list(), {}));
}

TEST(ListTextTest, MarksProcessesWithAnAgentWhenAllAreListed) {
  ListReport report = test::sample_list();
  report.all = true;
  report.processes.push_back({5000, 1, "plain", "/usr/bin/plain", std::nullopt, 2, 9'000'000'000,
                              "", ProcessStatus::kNoAgent, "no agent"});

  expect_golden("list-all.txt", list_text(report, {}));
}

TEST(ListTextTest, LetsNoNameCommandTheTerminal) {
  EXPECT_FALSE(has_control_character(list_text(test::sample_list(), {})));
}

TEST(ListTsvTest, HasOneLineAProcessWhateverItsNameIs) {
  const std::string text = list_tsv(test::sample_list());

  EXPECT_EQ(count_of(text, "\n"), test::sample_list().processes.size());
  EXPECT_EQ(count_of(text, "\t"), 7 * test::sample_list().processes.size());
}

TEST(VitalsTextTest, PrintsOneValueALine) {
  expect_golden("vitals.txt", vitals_text(test::sample_vitals(), {}));
}

TEST(VitalsTextTest, ShowsChangesBesideValues) {
  VitalsReport report = test::sample_vitals();
  report.before = report.now;
  report.before->os_threads = 10;
  report.before->rss_bytes += 1024 * 1024;
  report.before->uptime_ns -= 1'000'000'000;
  report.before->cpu_time_ns -= 800'000'000;

  expect_golden("vitals-watch.txt", vitals_text(report, {}));
}

TEST(VitalsTextTest, ShowsTheQuotaOnlyWhereItIsSmallerThanTheCpus) {
  VitalsReport report = test::sample_vitals();
  report.now.cpu_quota_millis = 8000;

  EXPECT_NE(vitals_text(report, {}).find("CPU count: 8\n"), std::string::npos);
}

TEST(ThreadsTextTest, ShowsOwnersAndAges) {
  expect_golden("threads.txt", threads_text(test::sample_threads(), {}));
}

TEST(StackTextTest, GroupsEqualStacksAndEndsWithTheCost) {
  expect_golden("stack.txt", stack_text(test::sample_stack(), {}));
}

TEST(StackTextTest, PrintsEveryThreadWithoutGrouping) {
  Presentation presentation;
  presentation.group = false;

  expect_golden("stack-no-group.txt", stack_text(test::sample_stack(), presentation));
}

TEST(StackTextTest, ColoursHeadersAndPlaces) {
  Presentation presentation;
  presentation.color = true;

  expect_golden("stack-color.txt", stack_text(test::sample_stack(), presentation));
}

TEST(StackTextTest, LetsNoNameCommandTheTerminal) {
  EXPECT_FALSE(has_control_character(stack_text(test::sample_stack(), {})));
}

TEST(StackTextTest, WritesManyIdsAsRanges) {
  StackReport report = test::sample_stack();
  report.threads.resize(5);  // The last is the first of the pool.
  const ReportThread worker = report.threads.back();
  for (pid_t tid = 100; tid < 1100; ++tid) {
    report.threads.push_back(worker);
    report.threads.back().facts.tid = tid;
  }

  const std::string text = stack_text(report, {});

  EXPECT_NE(text.find("1001 threads 21, 100-1099 \"pool\" [condition wait, 1 s]:"),
            std::string::npos)
      << text;
}

TEST(StackTextTest, KeepsThreadsApartThatWaitForDifferentOwners) {
  StackReport report = test::sample_stack();
  report.threads.erase(report.threads.begin() + 4, report.threads.end());
  ReportThread other = report.threads[2];
  other.facts.tid = 13;
  other.facts.wait.owner_tid = 7;
  report.threads.push_back(other);

  const std::string text = stack_text(report, {});

  EXPECT_NE(text.find("thread 11 \"teller\" [mutex lock, held by thread 12 \"io\""),
            std::string::npos);
  EXPECT_NE(text.find("thread 13 \"teller\" [mutex lock, held by thread 7 \"bank\""),
            std::string::npos);
}

TEST(StackFoldedTest, HasRootFirstAndACount) {
  expect_golden("stack.folded", stack_folded(test::sample_stack()));
}

TEST(CostLineTest, SaysWhatIsMissing) {
  EXPECT_EQ(cost_line(12, {3'100'000, 0, 0}, 0, false), "12 threads in 3.1 ms, 0 interrupted");
  EXPECT_EQ(cost_line(1, {840'000, 0, 1}, 2, true),
            "1 thread in 840 us, 1 interrupted, 2 ended meanwhile, cut short at the deadline");
}

}  // namespace
}  // namespace xgops::cli
