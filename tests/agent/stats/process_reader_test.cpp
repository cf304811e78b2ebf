// SPDX-License-Identifier: MIT
// A process's own numbers, compared with what this test does to them.
#include "stats/process_reader.hpp"

#include "support/event.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

namespace xgops::stats {
namespace {

constexpr const char* kStatRest =
    " S 7 1 1 0 -1 4194560 100 0 0 0 12 34 0 0 20 0 3 0 88213 1000 200 18446744073709551615\n";

TEST(ParseStatTest, ReadsTheFields) {
  const auto stat = parse_stat(std::string("4711 (server)") + kStatRest);

  ASSERT_TRUE(stat);
  EXPECT_EQ(stat.value().pid, 4711);
  EXPECT_EQ(stat.value().name, "server");
  EXPECT_EQ(stat.value().parent_pid, 7);
  EXPECT_EQ(stat.value().start_time_ticks, 88213U);
}

TEST(ParseStatTest, CopesWithParenthesesInTheName) {
  for (const std::string& name : std::vector<std::string>{") S 1 2 (", "a) b", "((", "))", ""}) {
    const auto stat = parse_stat("1 (" + name + ")" + kStatRest);

    ASSERT_TRUE(stat) << name;
    EXPECT_EQ(stat.value().name, name);
    EXPECT_EQ(stat.value().start_time_ticks, 88213U);
  }
}

TEST(ParseStatTest, RefusesWhatIsIncomplete) {
  const std::string whole = std::string("4711 (server)") + kStatRest;
  for (const std::string& text : {std::string(), std::string("4711"), std::string("x (a) S 1"),
                                  std::string("1 )a( S 1"), whole.substr(0, 60)}) {
    const auto stat = parse_stat(text);

    ASSERT_FALSE(stat) << text;
    EXPECT_EQ(stat.error().code, std::errc::bad_message);
  }
}

TEST(ParseStatmTest, CountsBytes) {
  const auto memory = parse_statm("1000 25 3 1 0 200 0\n", 4096);

  ASSERT_TRUE(memory);
  EXPECT_EQ(memory.value().virtual_bytes, 4'096'000U);
  EXPECT_EQ(memory.value().rss_bytes, 102'400U);
  EXPECT_FALSE(parse_statm("", 4096));
  EXPECT_FALSE(parse_statm("1000 x", 4096));
}

TEST(ParseArgumentsTest, SplitsAtZeroes) {
  using Arguments = std::vector<std::string>;
  using namespace std::string_literals;

  EXPECT_EQ(parse_arguments("prog\0-a\0\0last\0"s, 100), (Arguments{"prog", "-a", "", "last"}));
  EXPECT_EQ(parse_arguments("prog\0-abc\0"s, 7), (Arguments{"prog", "-a"}));
  EXPECT_EQ(parse_arguments("changed title", 100), (Arguments{"changed title"}));
  EXPECT_EQ(parse_arguments("", 100), Arguments{});
}

TEST(UptimeTest, IsThatOfThisProcess) {
  auto directories = ProcDirectories::open(support::FdTable::kShared);
  ASSERT_TRUE(directories);
  const auto stat = ProcessReader(std::move(*directories)).stat();
  ASSERT_TRUE(stat);

  const auto age = uptime(stat.value().start_time_ticks);

  EXPECT_GT(age, std::chrono::nanoseconds(0));
  EXPECT_LT(age, std::chrono::hours(1));
  EXPECT_EQ(uptime(stat.value().start_time_ticks + 1'000'000'000), std::chrono::nanoseconds(0));
}

class ProcessReaderTest : public testing::TestWithParam<support::FdTable> {
 protected:
  static ProcessReader open() {
    auto directories = ProcDirectories::open(GetParam());
    EXPECT_TRUE(directories);
    return ProcessReader(std::move(*directories));
  }
  ProcessReader reader_ = open();
};

TEST_P(ProcessReaderTest, KnowsWhoItIs) {
  const auto stat = reader_.stat();

  ASSERT_TRUE(stat);
  EXPECT_EQ(stat.value().pid, ::getpid());
  EXPECT_EQ(stat.value().parent_pid, ::getppid());
  EXPECT_EQ(reader_.executable().value(), std::filesystem::read_symlink("/proc/self/exe").string());
  const auto arguments = reader_.arguments(4096);
  ASSERT_TRUE(arguments);
  ASSERT_FALSE(arguments.value().empty());
  EXPECT_NE(arguments.value().front().find("agent_stats_test"), std::string::npos);
}

TEST_P(ProcessReaderTest, CountsThreads) {
  const auto before = reader_.thread_count();
  support::Event end;
  std::thread first([&] { end.wait(); });
  std::thread second([&] { end.wait(); });

  const auto during = reader_.thread_count();

  end.set();
  first.join();
  second.join();
  ASSERT_TRUE(before && during);
  EXPECT_EQ(during.value(), before.value() + 2);
}

TEST_P(ProcessReaderTest, CountsDescriptors) {
  const auto before = reader_.open_fds();
  std::vector<support::UniqueFd> more;
  for (int i = 0; i < 10; ++i) {
    more.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }

  const auto during = reader_.open_fds();

  ASSERT_TRUE(before && during);
  EXPECT_EQ(during.value(), before.value() + 10);
}

TEST_P(ProcessReaderTest, SeesMemoryGrow) {
  constexpr std::size_t kBytes = 32 * 1024 * 1024;
  const auto before = reader_.memory();
  void* const memory = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);

  const auto during = reader_.memory();

  ::munmap(memory, kBytes);
  ASSERT_TRUE(before && during);
  EXPECT_GE(during.value().virtual_bytes, before.value().virtual_bytes + kBytes / 2);
  EXPECT_GE(during.value().rss_bytes, before.value().rss_bytes + kBytes / 2);
}

INSTANTIATE_TEST_SUITE_P(Tables, ProcessReaderTest,
                         testing::Values(support::FdTable::kPrivate, support::FdTable::kShared),
                         [](const auto& instance) {
                           return instance.param == support::FdTable::kPrivate ? "Private"
                                                                               : "Shared";
                         });

TEST(ProcessReaderNumbersTest, AgreeWithTheSystem) {
  cpu_set_t cpus{};
  ASSERT_EQ(::sched_getaffinity(0, sizeof cpus, &cpus), 0);
  EXPECT_EQ(ProcessReader::cpu_count(), static_cast<std::uint32_t>(CPU_COUNT(&cpus)));

  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(ProcessReader::fd_limit(), limit.rlim_cur);

  double load = 0;
  ASSERT_EQ(::getloadavg(&load, 1), 1);
  EXPECT_NEAR(ProcessReader::load_millis().front(), load * 1000, 1000);
}

TEST(ProcessReaderNumbersTest, CpuTimeOnlyGrows) {
  const auto before = ProcessReader::cpu_time();
  std::uint64_t work = 1;
  for (int i = 0; i < 1'000'000; ++i) {
    work = work * 6364136223846793005U + 1;
  }
  volatile std::uint64_t result = work;
  static_cast<void>(result);

  EXPECT_GT(ProcessReader::cpu_time(), before);
}

TEST(ProcessReaderNumbersTest, CountOnlyTheCpusThatTheProcessMayUse) {
  cpu_set_t before{};
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  cpu_set_t one{};
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &before)) {
      CPU_SET(cpu, &one);
      break;
    }
  }
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);

  EXPECT_EQ(ProcessReader::cpu_count(), 1U);

  ::sched_setaffinity(0, sizeof before, &before);
}

}  // namespace
}  // namespace xgops::stats
