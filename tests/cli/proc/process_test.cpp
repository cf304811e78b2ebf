// SPDX-License-Identifier: MIT
// The parsers of /proc, and this process read for real.
#include "proc/process.hpp"

#include "proc/files.hpp"
#include "proc/users.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>

#include <unistd.h>

namespace xgops::cli::proc {
namespace {

constexpr const char* kStat =
    "4711 (a) R 1 (b) S 812 4711 4711 0 -1 4194560 100 0 0 0 5 6 0 0 20 0 12 0 88213 1000 50";

TEST(ParseStatTest, TakesTheLastParenthesisAsTheEndOfTheName) {
  const auto stat = parse_stat(kStat);

  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->name, "a) R 1 (b");
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->parent_pid, 812);
  EXPECT_EQ(stat->threads, 12U);
  EXPECT_EQ(stat->start_time_ticks, 88213U);
  EXPECT_FALSE(stat->kernel_thread);
}

TEST(ParseStatTest, RecognizesKernelThreads) {
  const auto stat = parse_stat("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 24 0 0");

  ASSERT_TRUE(stat);
  EXPECT_TRUE(stat->kernel_thread);
}

TEST(ParseStatTest, RefusesWhatIsCutOff) {
  const std::string whole = kStat;
  const std::size_t needed = whole.find("88213");
  for (std::size_t length = 0; length < needed; ++length) {
    EXPECT_FALSE(parse_stat(whole.substr(0, length))) << whole.substr(0, length);
  }
}

TEST(ParseStatusTest, ReadsIdsAndNamespaces) {
  const auto status = parse_status(
      "Name:\tx\nTgid:\t4711\nPid:\t4711\nUid:\t1000\t1001\t1002\t1003\nNSpid:\t4711\t7\t1\n");

  ASSERT_TRUE(status);
  EXPECT_EQ(status->process_id, 4711);
  EXPECT_EQ(status->uid, 1001U);
  EXPECT_EQ(status->namespace_pids, (std::vector<pid_t>{4711, 7, 1}));
}

TEST(ParseStatusTest, RefusesWhatSaysNothing) {
  EXPECT_FALSE(parse_status(""));
  EXPECT_FALSE(parse_status("Tgid:\t1\n"));
  EXPECT_FALSE(parse_status("Uid:\t0\t0\t0\t0\n"));
}

TEST(ParseListeningSocketsTest, TakesPathsOfListenersOnly) {
  const auto paths = parse_listening_sockets(
      "Num       RefCount Protocol Flags    Type St Inode Path\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 100 /run/user/0/xgops/1-2.sock\n"
      "0000000000000000: 00000003 00000000 00000000 0001 03 101 /run/connected.sock\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 102 @abstract\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 103\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 104 /with  two blanks\n"
      "short\n");

  EXPECT_EQ(paths, (std::vector<std::string>{"/run/user/0/xgops/1-2.sock", "/with  two blanks"}));
}

TEST(MapUidTest, FollowsTheRanges) {
  const std::string map = "         0       1000          1\n         1     100000      65536\n";

  EXPECT_EQ(map_uid(map, 1000), 0U);
  EXPECT_EQ(map_uid(map, 100000), 1U);
  EXPECT_EQ(map_uid(map, 165535), 65536U);
  EXPECT_FALSE(map_uid(map, 165536));
  EXPECT_EQ(map_uid("0 0 4294967295\n", 42), 42U);
  EXPECT_FALSE(map_uid("garbage", 0));
}

TEST(TableTest, ReadsThisProcess) {
  const Table table;
  const auto stat = table.stat(::getpid());
  const auto status = table.status(::getpid());

  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->parent_pid, ::getppid());
  EXPECT_GT(stat->start_time_ticks, 0U);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->uid, ::geteuid());
  EXPECT_EQ(status->process_id, ::getpid());
  const auto pids = table.pids();
  EXPECT_TRUE(std::is_sorted(pids.begin(), pids.end()));
  EXPECT_TRUE(std::binary_search(pids.begin(), pids.end(), ::getpid()));
  EXPECT_FALSE(table.executable(::getpid()).empty());
}

TEST(TableTest, ReadsWholeNamesOfVariablesOnly) {
  const test::TempDir root;
  std::filesystem::create_directory(root.path() / "5");
  std::ofstream(root.path() / "5/environ")
      << std::string("XGOPS_DIRECTORY=/no\0XGOPS_DIR=/yes\0XGOPS=\0", 43);
  const Table table(root.path());

  EXPECT_EQ(table.environment(5, "XGOPS_DIR"), "/yes");
  EXPECT_EQ(table.environment(5, "XGOPS"), "");
  EXPECT_EQ(table.environment(5, "XGOPS_DI"), std::nullopt);
  EXPECT_EQ(table.environment(6, "XGOPS_DIR"), std::nullopt);
}

TEST(ReadFileTest, StopsAtTheBound) {
  EXPECT_EQ(read_file("/dev/zero", 100'000)->size(), 100'000U);
  EXPECT_FALSE(read_file("/nonexistent"));
}

TEST(DescribeUserTest, FindsNamesInThePasswordFile) {
  const test::TempDir directory;
  const std::string file = directory.path() / "passwd";
  std::ofstream(file) << "root:x:0:0::/root:/bin/sh\nbroken\nalice:x:1000:1000::/:/bin/sh\n";

  EXPECT_EQ(describe_user(1000, file), "alice (uid 1000)");
  EXPECT_EQ(describe_user(100, file), "uid 100");
  EXPECT_EQ(describe_user(0, "/nonexistent"), "uid 0");
}

}  // namespace
}  // namespace xgops::cli::proc
