// SPDX-License-Identifier: MIT
#include "testing/report_file.hpp"

#include "support/failure.hpp"
#include "xgops/protocol/codec.hpp"

#include <gtest/gtest.h>

#include <string>

namespace xgops::cli {
namespace {

std::string file_of(const protocol::TestReport& report) {
  protocol::Header header;
  header.type = protocol::TestReport::kType;
  const protocol::Bytes bytes = protocol::encode_message(header, report);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

protocol::LeakFrame place(const char* function, std::uint32_t line) {
  return {0, protocol::kPlainFrame, function, "a.cpp", line};
}

protocol::TestReport report_with_thread() {
  protocol::LeakGroup group;
  group.is_thread = true;
  group.fate = protocol::LeakFate::kWaiting;
  group.count = 3;
  group.ids = {11, 12, 13};
  group.state = "condition wait";
  group.frames = {place("std::condition_variable::wait(std::unique_lock<std::mutex>&)", 1),
                  place("work()", 7)};
  group.created = {place("pthread_create", 0), place("std::thread::thread<void (&)()>()", 2),
                   place("Pool::Pool(int)", 20), place("main", 30)};
  protocol::TestReport report;
  report.pid = 4711;
  report.threads = 3;
  report.groups = {group};
  return report;
}

std::string fingerprint_of_first(const protocol::TestReport& report) {
  return name_leaks(report, "").at(0).fingerprint;
}

TEST(ReportFileTest, IsReadBack) {
  const auto report = parse_test_report(file_of(report_with_thread()));

  ASSERT_TRUE(report) << report.error().context;
  EXPECT_EQ(report->pid, 4711);
  EXPECT_EQ(report->groups.at(0).state, "condition wait");
}

TEST(ReportFileTest, IsRefusedWhenItIsDamaged) {
  const std::string file = file_of(report_with_thread());
  for (std::size_t size = 0; size < file.size(); ++size) {
    const auto cut = parse_test_report(std::string_view(file).substr(0, size));
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(cut.error().code, Failure::kBadAnswer);
  }
  EXPECT_FALSE(parse_test_report(file + "x"));
  std::string other = file;
  other[6] = 3;  // The type of another message.
  EXPECT_FALSE(parse_test_report(other));
  std::string huge = file;
  huge.replace(12, 4, "\xff\xff\xff\xff");  // The size that it claims.
  EXPECT_FALSE(parse_test_report(huge));
  EXPECT_FALSE(parse_test_report(std::string(protocol::kMaxTestReportBytes + 1, 'x')));
}

TEST(LeakNamesTest, BeginCreationWithTheProgramsOwnFunction) {
  const auto leaks = name_leaks(report_with_thread(), "");

  ASSERT_EQ(leaks.size(), 1U);
  EXPECT_EQ(leaks[0].count, 3U);
  ASSERT_EQ(leaks[0].created.size(), 2U);
  EXPECT_EQ(leaks[0].created[0].function, "Pool::Pool(int)");
  EXPECT_EQ(leaks[0].frames.size(), 2U);
}

TEST(LeakNamesTest, LeaveOutThreadsOfLibraries) {
  protocol::TestReport report = report_with_thread();
  report.library = {"work"};
  EXPECT_TRUE(name_leaks(report, "").empty());

  report.library = {"wor", "Pool::Pool"};
  EXPECT_EQ(name_leaks(report, "").size(), 1U);

  report.library = {"work"};
  report.groups[0].is_thread = false;
  EXPECT_EQ(name_leaks(report, "").size(), 1U);
}

TEST(LeakNamesTest, ShowAddressesInNoModuleAsTheyAre) {
  protocol::TestReport report = report_with_thread();
  report.groups[0].frames = {{0x1234, protocol::kExactPointer, "", "", 0}};
  const auto leaks = name_leaks(report, "");

  ASSERT_EQ(leaks.at(0).frames.size(), 1U);
  EXPECT_EQ(leaks[0].frames[0].offset, 0x1234U);
  EXPECT_TRUE(leaks[0].frames[0].function.empty());
}

TEST(FingerprintTest, IsTheSameWhateverLinesAndIdsAre) {
  const protocol::TestReport report = report_with_thread();
  protocol::TestReport moved = report;
  moved.groups[0].ids = {99};
  moved.groups[0].count = 1;
  moved.groups[0].fate = protocol::LeakFate::kSettling;
  for (auto* const stack : {&moved.groups[0].frames, &moved.groups[0].created}) {
    for (protocol::LeakFrame& frame : *stack) {
      frame.line += 100;
    }
  }

  EXPECT_EQ(fingerprint_of_first(report), fingerprint_of_first(moved));
  EXPECT_EQ(fingerprint_of_first(report), "685185f6130fb01b");
}

TEST(FingerprintTest, TellsLeaksApart) {
  const protocol::TestReport report = report_with_thread();
  protocol::TestReport other = report;
  other.groups[0].state = "mutex lock";
  EXPECT_NE(fingerprint_of_first(report), fingerprint_of_first(other));
  other = report;
  other.groups[0].frames[1].function = "rest()";
  EXPECT_NE(fingerprint_of_first(report), fingerprint_of_first(other));
  other = report;
  other.groups[0].created[2].function = "Other::Other()";
  EXPECT_NE(fingerprint_of_first(report), fingerprint_of_first(other));
  other = report;
  other.groups[0].is_thread = false;
  EXPECT_NE(fingerprint_of_first(report), fingerprint_of_first(other));
}

}  // namespace
}  // namespace xgops::cli
