// SPDX-License-Identifier: MIT
// Whether threads stand still.
#include "proof/stop.hpp"

#include "lost_tasks.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>

#include <fcntl.h>

namespace xgops::proof {
namespace {

class StoppedThreadsTest : public testing::Test {
 protected:
  support::UniqueFd tasks_{::open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  std::unique_ptr<Scratch> scratch_ = std::make_unique<Scratch>();
  StoppedThreads threads_{*scratch_, tasks_.get(), test::capture_signal()};
  unsigned filters_ = own_seccomp_filters(tasks_.get());
};

/// Counts until it is destroyed; it has begun to.
class Counter {
 public:
  Counter() : thread_([this] { run(); }) {
    while (count_ == 0) {
      std::this_thread::yield();
    }
  }
  ~Counter() {
    end_ = true;
    thread_.join();
  }
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  void run() {
    while (!end_) {
      ++count_;
    }
  }

  std::atomic<std::uint64_t> count_{0};
  std::atomic<bool> end_{false};
  std::thread thread_;  // Last: it uses the others.
};

TEST_F(StoppedThreadsTest, StandStillThoughTheyWereMadeAfterwards) {
  ASSERT_TRUE(threads_.prepare(filters_));
  const Counter counter;

  ASSERT_TRUE(threads_.stop(std::chrono::seconds(50)));
  const std::uint64_t count = counter.count();
  for (int i = 0; i < 100; ++i) {
    std::this_thread::yield();
  }

  EXPECT_EQ(counter.count(), count);
  EXPECT_TRUE(threads_.held());
  threads_.release();
}

TEST_F(StoppedThreadsTest, SayWhenOneThatIsNewGoesOnBecauseItIsLate) {
  ASSERT_TRUE(threads_.prepare(filters_));
  const Counter counter;

  EXPECT_FALSE(threads_.stop(std::chrono::nanoseconds(0)));

  EXPECT_NE(threads_.unstopped(), 0);
  threads_.release();
}

TEST_F(StoppedThreadsTest, AreForgottenOnceTheyHaveEnded) {
  {
    const Counter counter;
    ASSERT_TRUE(threads_.prepare(filters_));
  }
  const std::size_t before = threads_.known();

  ASSERT_TRUE(threads_.stop(std::chrono::seconds(50)));
  threads_.release();
  ASSERT_TRUE(threads_.stop(std::chrono::seconds(50)));
  threads_.release();

  EXPECT_LT(threads_.known(), before);
}

}  // namespace
}  // namespace xgops::proof
