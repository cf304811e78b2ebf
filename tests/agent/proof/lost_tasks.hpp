// SPDX-License-Identifier: MIT
// Tasks that nobody can wake, and a proof of it by a thread like the agent's.
#pragma once

#include "proof/prover.hpp"
#include "proof/stop.hpp"
#include "support/sync/channel.hpp"
#include "support/sync/executor.hpp"
#include "support/unique_fd.hpp"
#include "tasks/source.hpp"
#include "threads/capture.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>

namespace xgops::test {

using IntChannel = sync::Channel<int>;

/// An address that no look at memory takes for one.
class Hidden {
 public:
  Hidden() = default;
  explicit Hidden(const void* object) : word_(~reinterpret_cast<std::uint64_t>(object)) {}

  [[nodiscard]] std::uint64_t word() const { return word_; }
  [[nodiscard]] std::uint64_t address() const { return ~word_; }

 private:
  std::uint64_t word_ = ~std::uint64_t{0};
};

/// A task that waits for a channel, which it alone has.
struct LostTask {
  std::uint64_t id = 0;
  Hidden channel;
};

inline sync::Task<> receive_from(std::shared_ptr<IntChannel> channel) {
  co_await channel->receive();
}
inline sync::Task<> end_at_once() {
  co_return;
}

/// Writes over what functions that returned have left on the stack.
[[gnu::noinline]] inline void scrub_stack() {
  constexpr std::size_t kBytes = std::size_t{128} << 10;
  std::array<char, kBytes> space;
  std::memset(space.data(), 0, kBytes);
  asm volatile("" : : "r"(space.data()) : "memory");
}

/// Over what the executor's queue and the frames of earlier tasks have left.
[[gnu::noinline]] inline void scrub(sync::Executor& executor) {
  for (int i = 0; i < 300; ++i) {
    executor.spawn(end_at_once());
  }
  executor.run_until_idle();
  scrub_stack();
}

/// A thread that makes what the tests look for, and looks for it: as the agent's, it is not looked
/// at itself, so that what it leaves on its stack keeps nothing alive.
class Workshop {
 public:
  Workshop() : thread_([this] { work(); }) {}
  ~Workshop() {
    give(nullptr);
    thread_.join();
  }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  void run(const std::function<void()>& job) {
    give(&job);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !has_job_; });
  }

 private:
  void give(const std::function<void()>* job) {
    const std::scoped_lock lock(mutex_);
    job_ = job;
    has_job_ = true;
    changed_.notify_all();
  }
  void work() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return has_job_; });
      if (job_ == nullptr) {
        return;
      }
      (*job_)();
      scrub_stack();
      has_job_ = false;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void()>* job_ = nullptr;
  bool has_job_ = false;
  std::thread thread_;  // Last: it uses the others.
};

inline void elsewhere(const std::function<void()>& body) {
  static Workshop workshop;
  workshop.run(body);
}

[[gnu::noinline]] inline LostTask lose_receiver_here(sync::Executor& executor) {
  auto channel = std::make_shared<IntChannel>();
  LostTask lost;
  lost.channel = Hidden(channel.get());
  lost.id = executor.spawn(receive_from(std::move(channel)));
  executor.run_until_idle();
  return lost;
}

inline LostTask lose_receiver(sync::Executor& executor) {
  LostTask lost;
  elsewhere([&] {
    lost = lose_receiver_here(executor);
    scrub(executor);
  });
  return lost;
}

inline int capture_signal() {
  static std::string why;
  static const int signal = threads::install_capture_signal(0, why);
  EXPECT_NE(signal, 0) << why;
  return signal;
}

/// What a prover says whose own memory counts for nothing.
inline proof::ProofReport prove_on_this_thread(
    proof::Fork fork = &proof::raw_fork,
    std::chrono::milliseconds patience = std::chrono::seconds(50),
    const std::function<bool()>& cancelled = {}) {
  const support::UniqueFd tasks(::open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const proof::Prover prover({.task_directory_fd = tasks.get(),
                              .signal = capture_signal(),
                              .seccomp_filters = proof::own_seccomp_filters(tasks.get()),
                              .tasks = tasks::own_source(),
                              .fork = fork});
  return prover.prove(std::chrono::steady_clock::now() + patience, cancelled);
}
/// What a prover on a thread of its own says.
inline proof::ProofReport prove(proof::Fork fork = &proof::raw_fork,
                                std::chrono::milliseconds patience = std::chrono::seconds(50),
                                const std::function<bool()>& cancelled = {}) {
  proof::ProofReport report;
  elsewhere([&] { report = prove_on_this_thread(fork, patience, cancelled); });
  return report;
}

inline std::string text_of(const proof::ProofReport& report) {
  std::string text = report.problem;
  for (const std::string& doubt : report.doubts) {
    text += "; " + doubt;
  }
  return text;
}

/// Of one task.
inline proof::TaskProof proof_of(const proof::ProofReport& report, std::uint64_t id) {
  EXPECT_EQ(report.problem, "");
  for (const proof::TaskProof& task : report.tasks) {
    if (task.id == id) {
      return task;
    }
  }
  ADD_FAILURE() << "task " << id << " is not in the report: " << text_of(report);
  return {};
}

}  // namespace xgops::test
