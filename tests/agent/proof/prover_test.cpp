// SPDX-License-Identifier: MIT
// Tasks of this process that wait for what they alone have, and everything that may hold that.
#include "proof/prover.hpp"

#include "lost_tasks.hpp"
#include "support/sync/mutex.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <coroutine>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <latch>
#include <map>
#include <memory>
#include <set>
#include <thread>
#include <utility>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::proof {
namespace {

using support::UniqueFd;
using test::elsewhere;
using test::IntChannel;
using test::lose_receiver;
using test::LostTask;
using test::proof_of;
using test::prove;
using test::scrub;
using test::text_of;
using test::sync::Executor;
using test::sync::Mutex;
using test::sync::Task;

std::uint64_t volatile g_word = 0;  // Nobody reads it but the proof.
thread_local std::uint64_t volatile t_word = 0;
std::map<int, std::uint64_t>* g_map = nullptr;

class ProverTest : public testing::Test {
 protected:
  ProverTest() : executor_(std::make_unique<Executor>()) {}

  void expect_proven(const LostTask& lost) {
    const ProofReport report = prove();
    const TaskProof proof = proof_of(report, lost.id);
    EXPECT_EQ(proof.verdict, Verdict::kProven)
        << text_of(report) << " reached " << static_cast<int>(proof.reached) << " by "
        << static_cast<int>(proof.holder.kind) << " at " << std::hex << proof.holder.address;
  }
  /// Something has the channel.
  void expect_reachable(const LostTask& lost, HolderKind kind) {
    const ProofReport report = prove();
    const TaskProof proof = proof_of(report, lost.id);
    EXPECT_EQ(proof.verdict, Verdict::kReachable) << text_of(report);
    EXPECT_EQ(proof.holder.kind, kind);
  }

  std::unique_ptr<Executor> executor_;
};

/// Runs `hold(lost)` on another thread, which then stands still; `expect` meanwhile.
template <class Hold, class Expect>
void while_thread_holds(Hold hold, Expect expect) {
  std::latch holds(1);
  std::latch done(1);
  std::thread thread([&] { hold(holds, done); });
  holds.wait();
  expect();
  done.count_down();
  thread.join();
}

TEST_F(ProverTest, ProvesThatAnAbandonedReceiverIsLost) {
  const LostTask lost = lose_receiver(*executor_);

  expect_proven(lost);
}

TEST_F(ProverTest, TellsManyAtOnce) {
  std::set<std::uint64_t> lost;
  for (int i = 0; i < 50; ++i) {
    lost.insert(lose_receiver(*executor_).id);
  }

  const ProofReport report = prove();

  EXPECT_EQ(text_of(report), "");
  std::size_t proven = 0;
  for (const TaskProof& task : report.tasks) {
    proven += task.verdict == Verdict::kProven && lost.count(task.id) == 1 ? 1U : 0U;
  }
  EXPECT_EQ(proven, lost.size());
  EXPECT_GT(report.costs.pause_ns, 0U);
  EXPECT_GE(report.costs.total_ns, report.costs.pause_ns);
  EXPECT_GT(report.costs.scanned_bytes, 0U);
}

TEST_F(ProverTest, FindsThatAGlobalHasTheChannel) {
  const LostTask lost = lose_receiver(*executor_);
  g_word = lost.channel.address();
  expect_reachable(lost, HolderKind::kGlobal);
  g_word = 0;
  expect_proven(lost);
}

TEST_F(ProverTest, FindsAPointerIntoTheChannel) {
  const LostTask lost = lose_receiver(*executor_);
  g_word = lost.channel.address() + 40;
  expect_reachable(lost, HolderKind::kGlobal);
  g_word = 0;
}

TEST_F(ProverTest, FindsTaggedPointers) {
  const LostTask lost = lose_receiver(*executor_);
  g_word = lost.channel.address() | 3;
  expect_reachable(lost, HolderKind::kGlobal);
  g_word = lost.channel.address() | std::uint64_t{0xbeef} << 48;
  expect_reachable(lost, HolderKind::kGlobal);
  g_word = 0;
}

TEST_F(ProverTest, FindsTheChannelInAMap) {
  const LostTask lost = lose_receiver(*executor_);
  g_map = new std::map<int, std::uint64_t>{{1, 2}, {3, lost.channel.address()}, {5, 6}};
  expect_reachable(lost, HolderKind::kHeap);
  delete std::exchange(g_map, nullptr);
}

TEST_F(ProverTest, FindsTheChannelOnAThreadsStack) {
  const LostTask lost = lose_receiver(*executor_);
  while_thread_holds(
      [&](std::latch& holds, std::latch& done) {
        volatile std::uint64_t word = lost.channel.address();
        holds.count_down();
        done.wait();
        word = 0;
        (void)word;
      },
      [&] { expect_reachable(lost, HolderKind::kStack); });
}

TEST_F(ProverTest, FindsTheChannelInAThreadLocalVariable) {
  const LostTask lost = lose_receiver(*executor_);
  while_thread_holds(
      [&](std::latch& holds, std::latch& done) {
        t_word = lost.channel.address();
        holds.count_down();
        done.wait();
      },
      [&] { expect_reachable(lost, HolderKind::kStack); });
}

TEST_F(ProverTest, FindsTheChannelInARegister) {
  const LostTask lost = lose_receiver(*executor_);
  std::atomic<int> stop{0};
  while_thread_holds(
      [&](std::latch& holds, std::latch& /*done*/) {
        holds.count_down();
        asm volatile(
            "mov %0, %%r15\n\tnot %%r15\n\t"
            "1: pause\n\tcmpl $0, (%1)\n\tje 1b\n\txor %%r15, %%r15"
            :
            : "r"(lost.channel.word()), "r"(&stop)
            : "r15", "memory", "cc");
      },
      [&] {
        expect_reachable(lost, HolderKind::kRegister);
        stop = 1;
      });
}

TEST_F(ProverTest, FindsTheChannelInAVectorRegister) {
  const LostTask lost = lose_receiver(*executor_);
  std::atomic<int> stop{0};
  while_thread_holds(
      [&](std::latch& holds, std::latch& /*done*/) {
        holds.count_down();
        asm volatile(
            "mov %0, %%r15\n\tnot %%r15\n\tmovq %%r15, %%xmm9\n\txor %%r15, %%r15\n\t"
            "1: pause\n\tcmpl $0, (%1)\n\tje 1b\n\tpxor %%xmm9, %%xmm9"
            :
            : "r"(lost.channel.word()), "r"(&stop)
            : "r15", "xmm9", "memory", "cc");
      },
      [&] {
        expect_reachable(lost, HolderKind::kRegister);
        stop = 1;
      });
}

TEST_F(ProverTest, FindsWhatEpollReturns) {
  const LostTask lost = lose_receiver(*executor_);
  const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  const UniqueFd event(::eventfd(0, EFD_CLOEXEC));
  epoll_event entry{};
  entry.events = EPOLLIN;
  entry.data.u64 = lost.channel.address();
  ASSERT_EQ(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, event.get(), &entry), 0);
  entry.data.u64 = 0;
  test::scrub_stack();

  expect_reachable(lost, HolderKind::kKernel);
}

TEST_F(ProverTest, FindsWhatLiesInAPipe) {
  const LostTask lost = lose_receiver(*executor_);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd out(ends[0]);
  const UniqueFd in(ends[1]);
  elsewhere([&] {
    const std::uint64_t word = lost.channel.address();
    EXPECT_EQ(::write(in.get(), &word, sizeof word), 8);
  });

  expect_reachable(lost, HolderKind::kKernel);

  std::uint64_t still_there = 0;
  EXPECT_EQ(::read(out.get(), &still_there, sizeof still_there), 8);
  EXPECT_EQ(still_there, lost.channel.address());
}

TEST_F(ProverTest, FindsWhatLiesInAUnixSocket) {
  const LostTask lost = lose_receiver(*executor_);
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const UniqueFd out(ends[0]);
  const UniqueFd in(ends[1]);
  elsewhere([&] {
    const std::uint64_t word = lost.channel.address();
    EXPECT_EQ(::send(in.get(), &word, sizeof word, 0), 8);
  });

  expect_reachable(lost, HolderKind::kKernel);
}

TEST_F(ProverTest, DoubtsWhenDatagramsAreWaiting) {
  const LostTask lost = lose_receiver(*executor_);
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const UniqueFd out(ends[0]);
  const UniqueFd in(ends[1]);
  ASSERT_EQ(::send(in.get(), "12345678", 8, 0), 8);

  const ProofReport report = prove();

  EXPECT_EQ(proof_of(report, lost.id).verdict, Verdict::kSuspect);
  EXPECT_EQ(report.doubts.size(), 1U) << text_of(report);
}

TEST_F(ProverTest, FindsWhatATimersSignalCarries) {
  const LostTask lost = lose_receiver(*executor_);
  timer_t timer{};
  elsewhere([&] {
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGUSR1;
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    event.sigev_value.sival_ptr = reinterpret_cast<void*>(lost.channel.address());
    ASSERT_EQ(::timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
  });

  expect_reachable(lost, HolderKind::kKernel);
  ::timer_delete(timer);
}

TEST_F(ProverTest, LooksIntoMappingsOfTheProgram) {
  const LostTask lost = lose_receiver(*executor_);
  for (const int flags : {MAP_PRIVATE | MAP_ANONYMOUS, MAP_SHARED | MAP_ANONYMOUS}) {
    void* const memory = ::mmap(nullptr, 65'536, PROT_READ | PROT_WRITE, flags, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    static_cast<std::uint64_t*>(memory)[5000] = lost.channel.address();
    ::mprotect(memory, 65'536, PROT_READ);
    const ProofReport report = prove();
    EXPECT_EQ(proof_of(report, lost.id).verdict, Verdict::kReachable) << flags;
    ::munmap(memory, 65'536);
  }
  expect_proven(lost);
}

TEST_F(ProverTest, DoubtsWhereItCannotLook) {
  const LostTask lost = lose_receiver(*executor_);
  constexpr std::size_t kBytes = 4096;
  void* const memory =
      ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  static_cast<char*>(memory)[0] = 1;
  const auto doubt = [&] {
    const ProofReport report = prove();
    EXPECT_EQ(proof_of(report, lost.id).verdict, Verdict::kSuspect);
    return text_of(report);
  };

  ::madvise(memory, kBytes, MADV_DONTFORK);
  EXPECT_NE(doubt().find("not given to children"), std::string::npos);
  ::madvise(memory, kBytes, MADV_DOFORK);
  ::madvise(memory, kBytes, MADV_WIPEONFORK);
  EXPECT_NE(doubt().find("not given to children"), std::string::npos);
  ::madvise(memory, kBytes, MADV_KEEPONFORK);
  ::mprotect(memory, kBytes, PROT_NONE);
  EXPECT_NE(doubt().find("PROT_NONE"), std::string::npos);
  ::mprotect(memory, kBytes, PROT_READ | PROT_EXEC);
  EXPECT_NE(doubt().find("generated code"), std::string::npos);
  ::munmap(memory, kBytes);

  expect_proven(lost);
}

TEST_F(ProverTest, DoubtsWhenAThreadBlocksTheSignal) {
  const LostTask lost = lose_receiver(*executor_);
  while_thread_holds(
      [&](std::latch& holds, std::latch& done) {
        sigset_t all{};
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
        holds.count_down();
        done.wait();
      },
      [&] {
        const ProofReport report = prove();
        EXPECT_EQ(proof_of(report, lost.id).verdict, Verdict::kSuspect);
        EXPECT_NE(text_of(report).find("could not be stopped"), std::string::npos);
      });
}

/// Waits for what says nothing of itself.
struct Unannounced {
  std::coroutine_handle<>& waiting;

  bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) noexcept { waiting = self; }
  void await_resume() noexcept {}
};
Task<> hold_and_wait(std::uint64_t /*channel*/, std::coroutine_handle<>& waiting) {
  co_await Unannounced{waiting};
}

TEST_F(ProverTest, FindsTheChannelInALiveTask) {
  const LostTask lost = lose_receiver(*executor_);
  std::coroutine_handle<> waiting;
  elsewhere([&] {
    executor_->spawn(hold_and_wait(lost.channel.address(), waiting));
    executor_->run_until_idle();
    scrub(*executor_);
  });

  const ProofReport report = prove();

  EXPECT_EQ(proof_of(report, lost.id).verdict, Verdict::kReachable);
}

Task<> receive_and_hold(std::shared_ptr<IntChannel> mine, std::shared_ptr<IntChannel> other) {
  co_await mine->receive();
  co_await other->send(1);
}

TEST_F(ProverTest, ProvesGroupsOfTasksThatHaveOnlyEachOther) {
  std::array<std::uint64_t, 2> ids{};
  elsewhere([&] {
    [&]() __attribute__((noinline)) {
      auto first = std::make_shared<IntChannel>();
      auto second = std::make_shared<IntChannel>();
      ids[0] = executor_->spawn(receive_and_hold(first, second));
      ids[1] = executor_->spawn(receive_and_hold(second, first));
      executor_->run_until_idle();
    }
    ();
    scrub(*executor_);
  });

  const ProofReport report = prove();

  EXPECT_EQ(text_of(report), "");
  EXPECT_EQ(proof_of(report, ids[0]).verdict, Verdict::kProven);
  EXPECT_EQ(proof_of(report, ids[1]).verdict, Verdict::kProven);
}

struct Lockable {
  Mutex mutex;
};
Task<> lock_and_end(std::shared_ptr<Lockable> shared) {
  co_await shared->mutex.lock();
}
Task<> lock(std::shared_ptr<Lockable> shared) {
  co_await shared->mutex.lock();
}

TEST_F(ProverTest, ProvesThatAMutexIsNeverUnlocked) {
  std::uint64_t id = 0;
  elsewhere([&] {
    [&]() __attribute__((noinline)) {
      auto shared = std::make_shared<Lockable>();
      executor_->spawn(lock_and_end(shared));
      id = executor_->spawn(lock(std::move(shared)));
      executor_->run_until_idle();
    }
    ();
    scrub(*executor_);
  });

  expect_proven({.id = id, .channel = {}});
}

Task<> receive_in(std::uint64_t& frame, std::shared_ptr<IntChannel> channel) {
  struct Self {
    std::uint64_t& frame;
    bool await_ready() noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> self) noexcept {
      frame = ~reinterpret_cast<std::uint64_t>(self.address());
      return false;
    }
    void await_resume() noexcept {}
  };
  co_await Self{frame};
  co_await channel->receive();
}

TEST_F(ProverTest, SuspectsATaskWhoseFrameSomebodyHas) {
  std::uint64_t id = 0;
  std::uint64_t frame = 0;
  elsewhere([&] {
    [&]() __attribute__((noinline)) {
      id = executor_->spawn(receive_in(frame, std::make_shared<IntChannel>()));
      executor_->run_until_idle();
    }
    ();
    scrub(*executor_);
  });
  g_word = ~frame;

  const TaskProof proof = proof_of(prove(), id);

  EXPECT_EQ(proof.verdict, Verdict::kSuspect);
  EXPECT_EQ(proof.reached, Reached::kFrameOnly);
  EXPECT_EQ(proof.holder.kind, HolderKind::kGlobal);
  EXPECT_EQ(proof.holder.address, reinterpret_cast<std::uint64_t>(&g_word));
  g_word = 0;
}

TEST_F(ProverTest, SaysNothingOfTasksThatWaitForSomethingElse) {
  std::coroutine_handle<> waiting;
  std::uint64_t id = 0;
  elsewhere([&] {
    id = executor_->spawn(hold_and_wait(0, waiting));
    executor_->run_until_idle();
  });

  const ProofReport report = prove();

  EXPECT_EQ(report.problem, "");
  EXPECT_GE(report.live_tasks, 1U);
  for (const TaskProof& task : report.tasks) {
    EXPECT_NE(task.id, id);
  }
}

TEST_F(ProverTest, SurvivesARefusedChild) {
  const LostTask lost = lose_receiver(*executor_);

  const ProofReport report = prove([](int*) -> long { return -EAGAIN; });

  EXPECT_NE(report.problem.find("refuses a child process"), std::string::npos) << report.problem;
  EXPECT_TRUE(report.tasks.empty());
  expect_proven(lost);
}

TEST_F(ProverTest, SurvivesAChildThatCrashes) {
  const LostTask lost = lose_receiver(*executor_);

  const ProofReport report = prove([](int* pidfd) -> long {
    const long pid = raw_fork(pidfd);
    if (pid == 0) {
      ::syscall(SYS_exit_group, 1);
    }
    return pid;
  });

  EXPECT_NE(report.problem.find("before it was done"), std::string::npos) << report.problem;
  expect_proven(lost);
}

TEST_F(ProverTest, RefusesOnceTheProgramHasConfinedItself) {
  ProofReport report;
  const int signal = test::capture_signal();
  std::thread([&] {
    const UniqueFd tasks(::open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const unsigned before = own_seccomp_filters(tasks.get());
    sock_filter allow{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
    const sock_fprog program{1, &allow};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
      report.problem = "no seccomp here";
      return;
    }
    const Prover prover({.task_directory_fd = tasks.get(),
                         .signal = signal,
                         .seccomp_filters = before,
                         .tasks = tasks::own_source()});
    report = prover.prove(std::chrono::steady_clock::now() + std::chrono::seconds(50), {});
  }).join();

  EXPECT_NE(report.problem.find("seccomp"), std::string::npos) << report.problem;
  EXPECT_EQ(report.costs.stops, 0U);
}

TEST_F(ProverTest, EndsAChildThatTakesTooLong) {
  const LostTask lost = lose_receiver(*executor_);
  const Fork hanging = [](int* pidfd) -> long {
    const long pid = raw_fork(pidfd);
    if (pid == 0) {
      for (;;) {
        ::syscall(SYS_pause);
      }
    }
    return pid;
  };

  EXPECT_EQ(prove(hanging, std::chrono::milliseconds(300)).problem, "the deadline came first");
  EXPECT_NE(prove(hanging, std::chrono::seconds(50), [] { return true; }).problem, "");
  expect_proven(lost);
}

TEST_F(ProverTest, LeavesThreadsAsTheyWere) {
  const LostTask lost = lose_receiver(*executor_);
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> turns{0};
  std::array<std::thread, 4> threads;
  for (std::thread& thread : threads) {
    thread = std::thread([&] {
      while (!stop) {
        std::vector<std::unique_ptr<std::uint64_t>> some;
        for (std::uint64_t n = 0; n < 100; ++n) {
          some.push_back(std::make_unique<std::uint64_t>(n));
        }
        turns.fetch_add(1);
      }
    });
  }

  const ProofReport report = prove();
  const std::uint64_t seen = turns;
  while (turns < seen + 10) {
    std::this_thread::yield();
  }
  stop = true;
  for (std::thread& thread : threads) {
    thread.join();
  }

  // On a busy machine they may be in the allocator whenever they are stopped: then that is said.
  if (report.problem.empty()) {
    EXPECT_NE(proof_of(report, lost.id).verdict, Verdict::kReachable) << text_of(report);
  }
}

}  // namespace
}  // namespace xgops::proof
