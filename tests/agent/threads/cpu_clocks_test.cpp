// SPDX-License-Identifier: MIT
#include "threads/cpu_clocks.hpp"

#include "support/unique_fd.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <iterator>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::threads {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1'000 * kMs;

TEST(ClockOffsetsTest, ConvertsWithTheClockOfThatCpu) {
  ClockOffsets offsets;
  offsets.note({.cpu = 0, .measured_ns = 100 * kSecond, .offset_ns = 7 * kSecond});
  offsets.note({.cpu = 3, .measured_ns = 100 * kSecond, .offset_ns = 9 * kSecond});

  EXPECT_EQ(offsets.last_run(0, 50 * kSecond)->steady_ns, 57 * kSecond);
  EXPECT_EQ(offsets.last_run(3, 50 * kSecond)->steady_ns, 59 * kSecond);
  EXPECT_FALSE(offsets.last_run(1, 50 * kSecond)) << "a neighbour's clock is another clock";
}

TEST(ClockOffsetsTest, IsLessSureTheLongerTheClockWasNotRead) {
  ClockOffsets offsets;
  offsets.note({.cpu = 0, .measured_ns = 100 * kSecond, .offset_ns = 0});

  EXPECT_EQ(offsets.last_run(0, 100 * kSecond)->error_ns, 0);
  EXPECT_EQ(offsets.last_run(0, 120 * kSecond)->error_ns, kSecond);
  EXPECT_EQ(offsets.last_run(0, 80 * kSecond)->error_ns, kSecond);
}

TEST(ClockOffsetsTest, TheErrorMayBeATwentiethOfTheAge) {
  EXPECT_TRUE(is_good({.steady_ns = 0, .error_ns = 50 * kMs}, kSecond));
  EXPECT_FALSE(is_good({.steady_ns = 0, .error_ns = 51 * kMs}, kSecond));
  EXPECT_TRUE(is_good({.steady_ns = 0, .error_ns = 5 * kMs}, kMs));
  EXPECT_FALSE(is_good({.steady_ns = 0, .error_ns = 6 * kMs}, kMs));
}

TEST(ClockOffsetsTest, AClockReadSinceTheThreadRanIsGoodForEver) {
  ClockOffsets offsets;
  offsets.note({.cpu = 0, .measured_ns = 100 * kSecond, .offset_ns = 0});

  EXPECT_TRUE(is_good(*offsets.last_run(0, 10 * kSecond), 100 * kSecond));
  EXPECT_TRUE(is_good(*offsets.last_run(0, 10 * kSecond), 100'000 * kSecond));
  EXPECT_FALSE(is_good(*offsets.last_run(0, 1000 * kSecond), 1001 * kSecond));
}

TEST(ClockOffsetsTest, WhereNothingBetterIsToBeHadAQuarterIsTolerable) {
  EXPECT_TRUE(is_tolerable({.steady_ns = 0, .error_ns = 250 * kMs}, kSecond));
  EXPECT_FALSE(is_tolerable({.steady_ns = 0, .error_ns = 251 * kMs}, kSecond));
}

TEST(ClockOffsetsTest, NoAgeIsNegativeOrLongerThanTheThreadsLife) {
  constexpr std::int64_t kNow = 100 * kSecond;
  constexpr std::int64_t kStarted = 90 * kSecond;
  const auto at = [](std::int64_t steady) { return LastRun{.steady_ns = steady, .error_ns = 0}; };

  EXPECT_EQ(within_life(at(95 * kSecond), kNow, kStarted), 95 * kSecond);
  EXPECT_EQ(within_life(at(kNow + 15 * kMs), kNow, kStarted), kNow);
  EXPECT_EQ(within_life(at(kStarted - 15 * kMs), kNow, kStarted), kStarted);
  EXPECT_FALSE(within_life(at(kNow + kSecond), kNow, kStarted));
  EXPECT_FALSE(within_life(at(kStarted - kSecond), kNow, kStarted));
}

ClockReading reading_of(std::string_view text) {
  ClockReading reading;
  reading.cpu = 2;
  reading.before_ns = 100 * kSecond;
  reading.after_ns = 100 * kSecond + kMs / 10;
  reading.text_bytes = text.size();
  std::memcpy(reading.text.data(), text.data(), text.size());
  return reading;
}
constexpr std::string_view kSched =
    "xgops (7, #threads: 3)\n"
    "-------------------------------------------------------------------\n"
    "se.exec_start                                :         90000.000000\n";

TEST(OffsetOfTest, IsTheDifferenceOfTheClocks) {
  const auto offset = offset_of(reading_of(kSched));
  ASSERT_TRUE(offset);
  EXPECT_EQ(offset->cpu, 2);
  EXPECT_EQ(offset->offset_ns, 10 * kSecond);
  EXPECT_EQ(offset->measured_ns, 100 * kSecond);
}

TEST(OffsetOfTest, SaysNothingOfAReadingThatWasDisturbed) {
  ClockReading moved = reading_of(kSched);
  moved.moved = true;
  ClockReading torn = reading_of(kSched);
  torn.after_ns = torn.before_ns + 2 * kMs;

  EXPECT_FALSE(offset_of(moved));
  EXPECT_FALSE(offset_of(torn));
  EXPECT_FALSE(offset_of(reading_of("")));
}

std::vector<int> own_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  EXPECT_EQ(::sched_getaffinity(0, sizeof(set), &set), 0);
  std::vector<int> cpus;
  for (unsigned i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &set)) {
      cpus.push_back(static_cast<int>(i));
    }
  }
  return cpus;
}

int open_own_tasks() {
  return ::open("/proc/self/task", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

class ClockVisitorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::array<char, 4096> buffer{};
    if (!parse_sched(files_.read(tid_, "sched", buffer))) {
      GTEST_SKIP() << "this kernel has no sched file (CONFIG_SCHED_DEBUG)";
    }
    if (::prctl(PR_GET_SECCOMP) != 0) {
      GTEST_SKIP() << "under a seccomp filter no clocks are visited";
    }
  }
  /// A CPU that is under load may answer too late; not always.
  std::optional<ClockOffset> visit(int cpu) {
    const auto deadline = steady_clock::now() + 10s;
    std::optional<ClockOffset> offset;
    while ((!offset || offset->cpu != cpu) && steady_clock::now() < deadline) {
      offset = visitor_.visit(cpu);
      std::this_thread::yield();
    }
    return offset;
  }

  support::UniqueFd directory_{open_own_tasks()};
  TaskFiles files_{directory_.get()};
  pid_t tid_ = static_cast<pid_t>(::syscall(SYS_gettid));
  ClockVisitor visitor_{files_};
};

TEST_F(ClockVisitorTest, ReadsTheClockOfEachCpu) {
  for (const int cpu : own_cpus()) {
    const auto offset = visit(cpu);
    ASSERT_TRUE(offset) << "CPU " << cpu;
    EXPECT_EQ(offset->cpu, cpu);
  }
}

TEST_F(ClockVisitorTest, LeavesTheCallerWhereItIs) {
  const std::vector<int> before = own_cpus();
  for (const int cpu : before) {
    static_cast<void>(visit(cpu));
    EXPECT_EQ(own_cpus(), before);
  }
}

TEST_F(ClockVisitorTest, ItsThreadEndsWithTheVisits) {
  ASSERT_TRUE(visit(own_cpus().front()));
  const pid_t thread = visitor_.tid();
  ASSERT_NE(thread, 0);
  EXPECT_TRUE(files_.exists(thread));

  const auto deadline = steady_clock::now() + 10s;
  while (visitor_.tid() != 0 && steady_clock::now() < deadline) {
    visitor_.leave();
  }

  EXPECT_EQ(visitor_.tid(), 0);
  // The kernel says so a moment before the entry is gone.
  while (files_.exists(thread) && steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_FALSE(files_.exists(thread));
}

TEST_F(ClockVisitorTest, GivesUpOnACpuThatDoesNotExist) {
  EXPECT_FALSE(visitor_.visit(8191));
  EXPECT_FALSE(visitor_.visit(-1));
  EXPECT_FALSE(visitor_.visit(1 << 20));
}

/// From now on a call of `number` ends the process.
bool deny_by_death(std::uint32_t number) {
  sock_filter code[]{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{static_cast<unsigned short>(std::size(code)), code};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST_F(ClockVisitorTest, DoesNothingThatAFilterMightKillFor) {
  const int cpu = own_cpus().front();

  EXPECT_EXIT(
      {
        // The filter is older than the visitor.
        const bool is_confined = deny_by_death(SYS_sched_setaffinity);
        const support::UniqueFd directory(open_own_tasks());
        const TaskFiles files(directory.get());
        ClockVisitor visitor(files);
        const bool has_visited = visitor.visit(cpu).has_value();
        ::_exit(is_confined && !has_visited ? 7 : 1);
      },
      testing::ExitedWithCode(7), "");
}

/// Keeps a CPU for itself with realtime priority.
class Hog {
 public:
  explicit Hog(int cpu)
      : thread_([this, cpu] {
          cpu_set_t set;
          CPU_ZERO(&set);
          CPU_SET(static_cast<unsigned>(cpu), &set);
          sched_param priority{};
          priority.sched_priority = 50;
          const bool there = ::sched_setaffinity(0, sizeof(set), &set) == 0 &&
                             ::sched_setscheduler(0, SCHED_FIFO, &priority) == 0;
          state_.store(there ? 1 : -1);
          while (there && !done_.load(std::memory_order_relaxed)) {
          }
        }) {
    while (state_.load() == 0) {
      std::this_thread::yield();
    }
  }
  ~Hog() {
    done_.store(true);
    thread_.join();
  }
  Hog(const Hog&) = delete;
  Hog& operator=(const Hog&) = delete;
  [[nodiscard]] bool realtime() const { return state_.load() == 1; }

 private:
  std::atomic<int> state_{0};
  std::atomic<bool> done_{false};
  std::thread thread_;
};

TEST_F(ClockVisitorTest, ComesBackFromACpuThatRealtimeThreadsKeep) {
  const std::vector<int> cpus = own_cpus();
  if (cpus.size() < 2) {
    GTEST_SKIP() << "there is no other CPU to come back to";
  }
  const Hog hog(cpus.back());
  if (!hog.realtime()) {
    GTEST_SKIP() << "no permission for realtime scheduling";
  }
  // Now and then the kernel gives such a CPU to others for 50 ms of a second, and visits succeed.
  for (int i = 0; i < 20; ++i) {
    const auto begin = steady_clock::now();
    static_cast<void>(visitor_.visit(cpus.back()));
    EXPECT_LT(steady_clock::now() - begin, 500ms);
  }
}

class CpuClocksTest : public ClockVisitorTest {};

TEST_F(CpuClocksTest, VisitsACpuOnceForThreadsThatSleep) {
  const int cpu = own_cpus().back();
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  const auto offset = visit(cpu);
  ASSERT_TRUE(offset);
  const std::int64_t now = time.tv_sec * kSecond + time.tv_nsec;
  const SchedulerStamp stamp{.cpu = cpu, .scheduler_ns = now - offset->offset_ns - 3 * kMs};

  CpuClocks clocks(files_, tid_);
  const auto deadline = steady_clock::now() + 10s;
  std::optional<std::int64_t> last;
  while (!last && steady_clock::now() < deadline) {
    clocks.begin_capture();
    last = clocks.last_run(stamp);
    clocks.end_capture();
  }

  ASSERT_TRUE(last);
  EXPECT_NEAR(static_cast<double>(*last), static_cast<double>(now - 3 * kMs), 2e7);
  EXPECT_EQ(clocks.last_run(stamp), last);
}

TEST_F(CpuClocksTest, TellsNothingOfACpuThatCannotBeVisited) {
  CpuClocks clocks(files_, tid_);
  clocks.begin_capture();
  EXPECT_FALSE(clocks.last_run({.cpu = 8191, .scheduler_ns = kSecond}));
  EXPECT_FALSE(clocks.last_run({.cpu = -1, .scheduler_ns = kSecond}));
  EXPECT_FALSE(clocks.last_run({.cpu = own_cpus().front(), .scheduler_ns = 0}))
      << "a thread that was moved while it slept";
  clocks.end_capture();
}

}  // namespace
}  // namespace xgops::threads
