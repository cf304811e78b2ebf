// SPDX-License-Identifier: MIT
// The lock for readers and writers.
#include "support/sync/rw_lock.hpp"

#include "support/sync/seen_wait.hpp"
#include "support/sync/wait_group.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

namespace xgops::test::sync {
namespace {

Task<> read(RwLock& lock, std::string& log, Gate* gate = nullptr) {
  co_await lock.read_lock();
  log += 'r';
  if (gate != nullptr) {
    co_await gate->wait();
  }
  lock.read_unlock();
}
Task<> write(RwLock& lock, std::string& log, Gate* gate = nullptr) {
  co_await lock.lock();
  log += 'W';
  if (gate != nullptr) {
    co_await gate->wait();
  }
  lock.unlock();
}
Task<> read_twice(RwLock& lock, Gate& gate) {
  co_await lock.read_lock();
  co_await gate.wait();
  co_await lock.read_lock();
}
Task<> swap_under(RwLock& lock, std::int64_t& low, std::int64_t& high, int times) {
  for (int i = 0; i < times; ++i) {
    co_await lock.lock();
    ++low;
    --high;
    lock.unlock();
  }
}
Task<> check_under(RwLock& lock, const std::int64_t& low, const std::int64_t& high, bool& good) {
  for (int i = 0; i < 200; ++i) {
    co_await lock.read_lock();
    const bool equal = low + high == 0;
    lock.read_unlock();
    if (!equal) {
      good = false;
    }
  }
}

class RwLockTest : public testing::Test {
 protected:
  RwLock lock_;
  Gate gate_;
  std::string log_;
  Executor executor_;
};

TEST_F(RwLockTest, LetsReadersInTogether) {
  executor_.spawn(read(lock_, log_, &gate_));
  executor_.spawn(read(lock_, log_, &gate_));

  executor_.run_until_idle();

  EXPECT_EQ(log_, "rr");
}

TEST_F(RwLockTest, KeepsNewReadersOutWhileAWriterWaits) {
  const std::uint64_t reader = executor_.spawn(read(lock_, log_, &gate_));
  const std::uint64_t writer = executor_.spawn(write(lock_, log_));
  const std::uint64_t late = executor_.spawn(read(lock_, log_));

  executor_.run_until_idle();

  EXPECT_EQ(log_, "r");
  EXPECT_EQ(lock_.waiting_writers(), 1U);
  EXPECT_EQ(lock_.waiting_readers(), 1U);
  expect_wait(writer, {.words = "rwlock write",
                       .reason = protocol::TaskWaitReason::kRwlockWrite,
                       .owner_kind = protocol::TaskOwner::kTask,
                       .owner = reader});
  expect_wait(late, {.words = "rwlock read",
                     .reason = protocol::TaskWaitReason::kRwlockRead,
                     .owner_kind = protocol::TaskOwner::kTask,
                     .owner = writer});
  gate_.open();
  executor_.run_until_idle();
  EXPECT_EQ(log_, "rWr");
}

TEST_F(RwLockTest, LetsReadersThatWaitedInBeforeTheNextWriter) {
  executor_.spawn(write(lock_, log_, &gate_));
  executor_.spawn(write(lock_, log_));
  executor_.spawn(read(lock_, log_));
  executor_.spawn(read(lock_, log_));
  executor_.run_until_idle();

  gate_.open();
  executor_.run_until_idle();

  EXPECT_EQ(log_, "WrrW");
}

TEST_F(RwLockTest, StopsATaskThatReadsTwiceAroundAWriter) {
  const std::uint64_t reader = executor_.spawn(read_twice(lock_, gate_));
  executor_.run_until_idle();
  const std::uint64_t writer = executor_.spawn(write(lock_, log_));
  executor_.run_until_idle();

  gate_.open();
  executor_.run_until_idle();

  EXPECT_EQ(executor_.unfinished(), 2U);
  expect_wait(reader, {.words = "rwlock read",
                       .reason = protocol::TaskWaitReason::kRwlockRead,
                       .owner_kind = protocol::TaskOwner::kTask,
                       .owner = writer});
}

TEST_F(RwLockTest, ShowsTheWriterThatHoldsIt) {
  const std::uint64_t writer = executor_.spawn(write(lock_, log_, &gate_));
  const std::uint64_t reader = executor_.spawn(read(lock_, log_));

  executor_.run_until_idle();

  expect_wait(reader, {.words = "rwlock read",
                       .reason = protocol::TaskWaitReason::kRwlockRead,
                       .owner_kind = protocol::TaskOwner::kTask,
                       .owner = writer});
}

TEST_F(RwLockTest, LetsReadersInWhenTheWriterBeforeThemIsDestroyed) {
  executor_.spawn(read(lock_, log_, &gate_));
  executor_.run_until_idle();
  auto writers = std::make_unique<Executor>();
  writers->spawn(write(lock_, log_));
  writers->run_until_idle();
  executor_.spawn(read(lock_, log_));
  executor_.run_until_idle();
  ASSERT_EQ(lock_.waiting_readers(), 1U);

  writers.reset();
  executor_.run_until_idle();

  EXPECT_EQ(lock_.waiting_writers(), 0U);
  EXPECT_EQ(log_, "rr");
}

TEST_F(RwLockTest, NamesTheNextWriterWhenTheFirstIsDestroyed) {
  executor_.spawn(read(lock_, log_, &gate_));
  executor_.run_until_idle();
  auto first = std::make_unique<Executor>();
  first->spawn(write(lock_, log_));
  first->run_until_idle();
  const std::uint64_t second = executor_.spawn(write(lock_, log_));
  const std::uint64_t late = executor_.spawn(read(lock_, log_));
  executor_.run_until_idle();

  first.reset();

  expect_wait(late, {.words = "rwlock read",
                     .reason = protocol::TaskWaitReason::kRwlockRead,
                     .owner_kind = protocol::TaskOwner::kTask,
                     .owner = second});
}

TEST_F(RwLockTest, ForgetsAReaderThatHasLeft) {
  Gate other;
  const std::uint64_t first = executor_.spawn(read(lock_, log_, &gate_));
  const std::uint64_t second = executor_.spawn(read(lock_, log_, &other));
  const std::uint64_t writer = executor_.spawn(write(lock_, log_));
  executor_.run_until_idle();
  ASSERT_NE(first, second);

  gate_.open();
  executor_.run_until_idle();

  expect_wait(writer, {.words = "rwlock write",
                       .reason = protocol::TaskWaitReason::kRwlockWrite,
                       .owner_kind = protocol::TaskOwner::kTask,
                       .owner = second});
  other.open();
  executor_.run_until_idle();
}

TEST_F(RwLockTest, ShowsWhomItIsHandedToAsReady) {
  executor_.spawn(read(lock_, log_, &gate_));
  const std::uint64_t writer = executor_.spawn(write(lock_, log_));
  executor_.run_until_idle();

  gate_.open();
  ASSERT_TRUE(executor_.run_one());  // The reader leaves; the writer has not run yet.

  EXPECT_EQ(seen_task(writer)->state, SeenTask::kReady);
}

TEST_F(RwLockTest, RefusesToBeUnlockedWhenItIsNot) {
  EXPECT_THROW(lock_.unlock(), std::logic_error);
  EXPECT_THROW(lock_.read_unlock(), std::logic_error);
}

TEST_F(RwLockTest, KeepsReadersAndWritersApartOnManyThreads) {
  std::int64_t low = 0;
  std::int64_t high = 0;
  bool good[4] = {true, true, true, true};
  Executor executor(4);
  for (bool& each : good) {
    executor.spawn(swap_under(lock_, low, high, 200));
    executor.spawn(check_under(lock_, low, high, each));
  }

  executor.run_until_idle();

  EXPECT_EQ(low, 800);
  EXPECT_TRUE(good[0] && good[1] && good[2] && good[3]);
}

}  // namespace
}  // namespace xgops::test::sync
