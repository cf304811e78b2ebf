// SPDX-License-Identifier: MIT
// Tasks of this process that wait for what they alone have, and what goes wrong with a proof.
#include "proof/prover.hpp"

#include "prover_fixture.hpp"
#include "support/sync/mutex.hpp"

#include <array>
#include <atomic>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::proof {
namespace {

using support::UniqueFd;
using test::elsewhere;
using test::hold_and_wait;
using test::IntChannel;
using test::lose_receiver;
using test::LostTask;
using test::proof_of;
using test::prove;
using test::scrub;
using test::text_of;
using test::sync::Mutex;
using test::sync::Task;

std::uint64_t volatile g_frame = 0;  // Nobody reads it but the proof.

class ProverTest : public test::ProverFixture {};

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
  EXPECT_GT(report.costs.child_bytes, 0U);
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
  // What others have left in memory may look like a pointer to the channel as well: then it can be
  // reached, and the next one is looked at.
  constexpr int kMostAttempts = 5;
  TaskProof proof;
  for (int attempt = 0; attempt < kMostAttempts && proof.verdict == Verdict::kReachable;
       ++attempt) {
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
    g_frame = ~frame;
    proof = proof_of(prove(), id);
    g_frame = 0;
  }

  EXPECT_EQ(proof.verdict, Verdict::kSuspect);
  EXPECT_EQ(proof.reached, Reached::kFrameOnly);
  EXPECT_EQ(proof.holder.kind, HolderKind::kGlobal);
  EXPECT_EQ(proof.holder.address, reinterpret_cast<std::uint64_t>(&g_frame));
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
