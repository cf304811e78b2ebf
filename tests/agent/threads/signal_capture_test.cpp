// SPDX-License-Identifier: MIT
// On which stack the capture signal is handled.
#include "threads/signal_capture.hpp"

#include "threads/capture.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::threads {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kPage = 4096;
constexpr std::size_t kSmallest = 2048;  ///< The least that sigaltstack(2) takes.

/// A thread that runs all the time. Its alternate stack holds no handler, on some CPUs not even a
/// signal frame; below it is memory that nobody may touch.
class Spinner {
 public:
  Spinner() : thread_([this] { run(); }) {
    while (tid_ == 0) {
      std::this_thread::yield();
    }
  }
  ~Spinner() {
    stop_ = true;
    thread_.join();
  }
  Spinner(const Spinner&) = delete;
  Spinner& operator=(const Spinner&) = delete;

  [[nodiscard]] pid_t tid() const noexcept { return tid_; }
  [[nodiscard]] std::uint64_t local() const noexcept { return local_; }

 private:
  void run() {
    auto* const memory = static_cast<std::byte*>(
        ::mmap(nullptr, 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(memory, MAP_FAILED);
    ASSERT_EQ(::mprotect(memory + kPage, kPage, PROT_READ | PROT_WRITE), 0);
    stack_t small{};
    small.ss_sp = memory + kPage;
    small.ss_size = kSmallest;
    ASSERT_EQ(::sigaltstack(&small, nullptr), 0);
    local_ = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
    tid_ = static_cast<pid_t>(::syscall(SYS_gettid));
    while (!stop_) {
    }
    small.ss_flags = SS_DISABLE;
    ::sigaltstack(&small, nullptr);
    ::munmap(memory, 2 * kPage);
  }

  std::atomic<pid_t> tid_{0};
  std::atomic<std::uint64_t> local_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

class SignalCaptureTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    signal_ = install_capture_signal(0, why);
    ASSERT_NE(signal_, 0) << why;
  }
  void TearDown() override { uninstall_capture_signal(signal_); }

  [[nodiscard]] int flags() const {
    struct sigaction action {};
    EXPECT_EQ(::sigaction(signal_, nullptr, &action), 0);
    return action.sa_flags;
  }

  int signal_ = 0;
};

TEST_F(SignalCaptureTest, NeedsNoRoomOnAnAlternateStack) {
  const Spinner spinner;
  SignalCapture capture(signal_);
  capture.set_stack_ranges({{spinner.local() - kPage, spinner.local() + kPage, false}});

  const pid_t tid = spinner.tid();
  const auto answers = capture.ask({&tid, 1}, steady_clock::now() + std::chrono::seconds(60),
                                   [](pid_t) { return true; });

  ASSERT_EQ(answers.size(), 1U);
  ASSERT_EQ(answers[0].outcome, SignalOutcome::kAnswered);
  EXPECT_LT(answers[0].registers.stack_pointer(), spinner.local() + kPage);
  EXPECT_GT(answers[0].registers.stack_pointer(), spinner.local() - kPage);
}

TEST_F(SignalCaptureTest, UsesAlternateStacksWhenToldTo) {
  const SignalCapture capture(signal_);
  EXPECT_EQ(flags() & SA_ONSTACK, 0);

  capture.use_alternate_stacks(true);
  EXPECT_EQ(flags() & SA_ONSTACK, SA_ONSTACK);
  EXPECT_TRUE(capture.ready());

  capture.use_alternate_stacks(false);
  EXPECT_EQ(flags() & SA_ONSTACK, 0);
}

TEST_F(SignalCaptureTest, LeavesTheHandlerOfAnotherAlone) {
  struct sigaction other {};
  other.sa_handler = [](int) {};
  struct sigaction ours {};
  ASSERT_EQ(::sigaction(signal_, &other, &ours), 0);

  SignalCapture(signal_).use_alternate_stacks(true);

  EXPECT_EQ(flags() & SA_ONSTACK, 0);
  ASSERT_EQ(::sigaction(signal_, &ours, nullptr), 0);
}

}  // namespace
}  // namespace xgops::threads
