// SPDX-License-Identifier: MIT
// Everything that may hold what a task of this process waits for, and where nobody can look.
#include "prover_fixture.hpp"

#include <array>
#include <atomic>
#include <coroutine>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <latch>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

namespace xgops::proof {
namespace {

using support::UniqueFd;
using test::elsewhere;
using test::Hidden;
using test::hold_and_wait;
using test::lose_receiver;
using test::LostTask;
using test::proof_of;
using test::prove;
using test::scrub;
using test::text_of;

std::uint64_t volatile g_word = 0;  // Nobody reads it but the proof.
thread_local std::uint64_t volatile t_word = 0;
int g_forks = 0;
std::map<int, std::uint64_t>* g_map = nullptr;

class ProverHoldersTest : public test::ProverFixture {};

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

TEST_F(ProverHoldersTest, FindsThatAGlobalHasTheChannel) {
  const LostTask lost = lose_receiver(*executor_);
  g_word = lost.channel.address();
  expect_reachable(lost, HolderKind::kGlobal);
  g_word = 0;
  expect_proven(lost);
}

TEST_F(ProverHoldersTest, FindsAPointerIntoTheChannel) {
  const LostTask lost = lose_receiver(*executor_);
  g_word = lost.channel.address() + 40;
  expect_reachable(lost, HolderKind::kGlobal);
  g_word = 0;
}

TEST_F(ProverHoldersTest, FindsTaggedPointers) {
  const LostTask lost = lose_receiver(*executor_);
  g_word = lost.channel.address() | 3;
  expect_reachable(lost, HolderKind::kGlobal);
  g_word = lost.channel.address() | std::uint64_t{0xbeef} << 48;
  expect_reachable(lost, HolderKind::kGlobal);
  g_word = 0;
}

TEST_F(ProverHoldersTest, FindsTheChannelInAMap) {
  const LostTask lost = lose_receiver(*executor_);
  g_map = new std::map<int, std::uint64_t>{{1, 2}, {3, lost.channel.address()}, {5, 6}};
  expect_reachable(lost, HolderKind::kHeap);
  delete std::exchange(g_map, nullptr);
}

TEST_F(ProverHoldersTest, FindsTheChannelOnAThreadsStack) {
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

TEST_F(ProverHoldersTest, FindsTheChannelInAThreadLocalVariable) {
  const LostTask lost = lose_receiver(*executor_);
  while_thread_holds(
      [&](std::latch& holds, std::latch& done) {
        t_word = lost.channel.address();
        holds.count_down();
        done.wait();
      },
      [&] { expect_reachable(lost, HolderKind::kStack); });
}

TEST_F(ProverHoldersTest, FindsTheChannelInARegister) {
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

TEST_F(ProverHoldersTest, FindsTheChannelInAVectorRegister) {
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

TEST_F(ProverHoldersTest, FindsWhatEpollReturns) {
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

TEST_F(ProverHoldersTest, FindsWhatLiesInAPipe) {
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

TEST_F(ProverHoldersTest, FindsWhatLiesInAUnixSocket) {
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

TEST_F(ProverHoldersTest, DoubtsWhenDatagramsAreWaiting) {
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

TEST_F(ProverHoldersTest, FindsWhatATimersSignalCarries) {
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

TEST_F(ProverHoldersTest, LooksIntoMappingsOfTheProgram) {
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

TEST_F(ProverHoldersTest, DoubtsWhereItCannotLook) {
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

TEST_F(ProverHoldersTest, DoubtsWhenAThreadBlocksTheSignal) {
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
        g_forks = 0;
        const ProofReport report = prove([](int* pidfd) {
          ++g_forks;
          return raw_fork(pidfd);
        });
        // What is left on a stack of which nobody knows where it ends may even lead to it.
        EXPECT_NE(proof_of(report, lost.id).verdict, Verdict::kProven);
        EXPECT_EQ(g_forks, 2) << "one for each look";
        EXPECT_NE(text_of(report).find("could not be stopped"), std::string::npos);
      });
}

std::latch* g_is_there = nullptr;
std::latch* g_may_go = nullptr;

/// Only the frame that waits for `go_on` to return has the address.
template <class GoOn>
[[gnu::noinline]] void hold_while(const Hidden& channel, GoOn go_on) {
  std::array<std::uint64_t volatile, 4> words{};
  asm volatile("mov %1, %%rax\n\tnot %%rax\n\tmov %%rax, (%0)\n\txor %%rax, %%rax"
               :
               : "r"(&words[1]), "r"(channel.word())
               : "rax", "memory");
  go_on();
  words[1] = 0;
}

TEST_F(ProverHoldersTest, FindsTheChannelBeyondAnAlternateStackWithinAStack) {
  const LostTask lost = lose_receiver(*executor_);
  while_thread_holds(
      [&](std::latch& holds, std::latch& done) {
        g_is_there = &holds;
        g_may_go = &done;
        std::array<char, 65'536> space;
        stack_t stack{};
        stack.ss_sp = space.data();
        stack.ss_size = space.size();
        ::sigaltstack(&stack, nullptr);
        struct sigaction action {};
        action.sa_handler = [](int) {
          g_is_there->count_down();
          g_may_go->wait();
        };
        action.sa_flags = SA_ONSTACK;
        ::sigaction(SIGUSR2, &action, nullptr);
        hold_while(lost.channel, [] { ::raise(SIGUSR2); });
        stack.ss_flags = SS_DISABLE;
        ::sigaltstack(&stack, nullptr);
      },
      [&] { expect_reachable(lost, HolderKind::kStack); });
}

TEST_F(ProverHoldersTest, FindsTheChannelInALiveTask) {
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

}  // namespace
}  // namespace xgops::proof
