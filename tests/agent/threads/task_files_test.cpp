// SPDX-License-Identifier: MIT
#include "threads/task_files.hpp"

#include "support/unique_fd.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::threads {
namespace {

TEST(ParseSystemCallTest, ReadsABlockedThread) {
  const auto facts = parse_system_call("202 0x7f1 0x189 0x0 0x0 0x0 0xffffffff 0x7ffc5 0x7f12\n");
  EXPECT_EQ(facts.kind, SystemCallFacts::Kind::kBlocked);
  EXPECT_EQ(facts.number, 202);
  EXPECT_EQ(facts.arguments[0], 0x7f1U);
  EXPECT_EQ(facts.arguments[5], 0xffffffffU);
  EXPECT_EQ(facts.stack_pointer, 0x7ffc5U);
  EXPECT_EQ(facts.instruction_pointer, 0x7f12U);
}

TEST(ParseSystemCallTest, TellsTheOtherStates) {
  EXPECT_EQ(parse_system_call("running\n").kind, SystemCallFacts::Kind::kRunning);
  const auto fault = parse_system_call("-1 0x7ffc5 0x7f12\n");
  EXPECT_EQ(fault.kind, SystemCallFacts::Kind::kBlockedElsewhere);
  EXPECT_EQ(fault.stack_pointer, 0x7ffc5U);
}

TEST(ParseSystemCallTest, RefusesWhatIsCutOff) {
  for (const char* text :
       {"", "202", "202 0x1 0x2", "x", "202 0x1 0x2 0x3 0x4 0x5 0x6 0x7", "-1 0x1"}) {
    EXPECT_EQ(parse_system_call(text).kind, SystemCallFacts::Kind::kUnreadable) << text;
  }
}

TEST(ParseSchedstatTest, ReadsTimeAndCount) {
  const auto facts = parse_schedstat("829212 70305 17\n");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->cpu_ns, 829212U);
  EXPECT_EQ(facts->times_scheduled, 17U);
  EXPECT_FALSE(parse_schedstat("829212 70305"));
  EXPECT_FALSE(parse_schedstat(""));
}

TEST(ParseSchedTest, TakesTheNameWhateverItHolds) {
  const auto name_of = [](const std::string& name) {
    const auto facts = parse_sched(name + " (4711, #threads: 3)\n" + std::string(67, '-') +
                                   "\nse.exec_start     :        558127.725519\n");
    EXPECT_TRUE(facts);
    EXPECT_EQ(facts ? facts->last_ran_ns : 0, 558127725519);
    return facts ? facts->name : "";
  };

  EXPECT_EQ(name_of("a (b) (7, #th"), "a (b) (7, #th");
  EXPECT_EQ(name_of("two\nlines"), "two\nlines");
  EXPECT_EQ(name_of("\nse.exec_start:"), "\nse.exec_start:");
  EXPECT_EQ(name_of("\n--------------"), "\n--------------");
}

TEST(ParseSchedTest, RefusesAnotherFormat) {
  EXPECT_FALSE(parse_sched("x (1, #threads: 1)\nse.exec_start : 12.5\n"));
  EXPECT_FALSE(parse_sched("x (1, #threads: 1)\n"));
  EXPECT_FALSE(parse_sched(""));
}

TEST(ParseStatusTest, ReadsMaskAndSeccomp) {
  const auto facts = parse_status(
      "Name:\tSigBlk: x\nSeccomp:\t2\nSeccomp_filters:\t3\nSigBlk:\tfffffffe7ffbfeff\n");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->blocked, 0xfffffffe7ffbfeffU);
  EXPECT_EQ(facts->seccomp, 2);
  EXPECT_EQ(facts->seccomp_filters, 3);
  EXPECT_FALSE(parse_status("Name:\tx\n"));
}

TEST(ParseStatTest, FindsTheStateBehindTheLastParenthesis) {
  EXPECT_EQ(parse_stat("4711 (a) R) (b) S 1 2 3").state, 'S');
  EXPECT_EQ(parse_stat("4711 (x)").state, '?');
  EXPECT_EQ(parse_stat("").state, '?');
}

constexpr const char* kStat =
    "4711 (a 1) 2) S 1 4711 4711 0 -1 4194304 100 0 0 0 5 6 0 0 20 0 3 0 123456 2207744 300 "
    "18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 5 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

TEST(ParseStatTest, ReadsTheStartAndTheCpu) {
  const StatFacts facts = parse_stat(kStat);
  EXPECT_EQ(facts.state, 'S');
  EXPECT_EQ(facts.started_ns, 1'234'560'000'000U);
  EXPECT_EQ(facts.cpu, 5);
}

TEST(ParseStatTest, KnowsNoCpuWhereTheTextIsCutOff) {
  const std::string_view text = kStat;
  const StatFacts facts = parse_stat(text.substr(0, text.find(" 17 5 ") + 3));
  EXPECT_EQ(facts.started_ns, 1'234'560'000'000U);
  EXPECT_EQ(facts.cpu, -1);
  EXPECT_EQ(parse_stat("4711 (x) S").cpu, -1);
}

TEST(KernelWorkerTest, IsToldByItsFlagsAndByHavingNoStack) {
  const StatFacts worker = parse_stat("7 (iou-wrk-5) S 1 1 1 0 -1 4210768 0 0");
  const StatFacts vhost = parse_stat("7 (vhost-5) S 1 1 1 0 -1 4210752 0 0");
  const StatFacts ordinary = parse_stat("7 (iou-wrk-5) S 1 1 1 0 -1 4194368 0 0");
  const StatFacts ended = parse_stat("7 (iou-wrk-5) Z 1 1 1 0 -1 4210768 0 0");
  const SystemCallFacts none = parse_system_call("426 0x4 0x1 0x0 0x0 0x0 0x0 0x0 0x0");
  const SystemCallFacts some = parse_system_call("426 0x4 0x1 0x0 0x0 0x0 0x0 0x7ffd0 0x7f12");

  EXPECT_EQ(kernel_worker_of(worker, none), KernelWorker::kIoUring);
  EXPECT_EQ(kernel_worker_of(vhost, none), KernelWorker::kOther);
  EXPECT_EQ(kernel_worker_of(ordinary, none), KernelWorker::kNone);
  EXPECT_EQ(kernel_worker_of(worker, some), KernelWorker::kNone);
  EXPECT_EQ(kernel_worker_of(ended, none), KernelWorker::kNone);
}

class TaskFilesTest : public ::testing::Test {
 protected:
  support::UniqueFd directory_{::open("/proc/self/task", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  TaskFiles files_{directory_.get()};
  pid_t own_tid_ = static_cast<pid_t>(::syscall(SYS_gettid));
};

TEST_F(TaskFilesTest, ListsThisThread) {
  const auto tids = files_.list();
  ASSERT_TRUE(tids);
  EXPECT_TRUE(std::binary_search(tids->begin(), tids->end(), own_tid_));
}

TEST_F(TaskFilesTest, ReadsFilesOfAThread) {
  std::array<char, 256> buffer{};
  const auto call = parse_system_call(files_.read(own_tid_, "syscall", buffer));
  EXPECT_EQ(call.number, SYS_read) << "the caller sees the very call that reads the file";
  const auto maps = files_.read_all(own_tid_, "maps", 1 << 20);
  ASSERT_TRUE(maps);
  EXPECT_NE(maps->find("[stack]"), std::string::npos);
  EXPECT_TRUE(files_.exists(own_tid_));
  EXPECT_EQ(files_.file_type(own_tid_, "maps"), static_cast<std::uint32_t>(S_IFREG));
}

TEST_F(TaskFilesTest, TellsAThreadThatIsGone) {
  pid_t gone = 0;
  std::thread([&gone] { gone = static_cast<pid_t>(::syscall(SYS_gettid)); }).join();
  // The kernel may need a moment more than join to remove the entry.
  while (files_.exists(gone)) {
    std::this_thread::yield();
  }
  std::array<char, 256> buffer{};
  EXPECT_TRUE(files_.read(gone, "syscall", buffer).empty());
  EXPECT_FALSE(files_.read_all(gone, "maps", 100));
  EXPECT_TRUE(files_.read_link(gone, "exe").empty());
}

}  // namespace
}  // namespace xgops::threads
