// SPDX-License-Identifier: MIT
// Leak checks of stock Asio programs: what handlers, timers and other threads make is the maker's.
#include "tasks/leak_scopes.hpp"
#include "xgops/leak_check.hpp"

#include <asio.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <string>

namespace xgops {
namespace {

using namespace std::chrono_literals;

asio::awaitable<void> wait_long() {
  asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
  co_await timer.async_wait(asio::use_awaitable);
}

class AsioLeaksTest : public testing::Test {
 protected:
  asio::thread_pool pool_{2};  // Older than the check.
  LeakCheck check_;

  std::uint64_t leaked_tasks() { return check_.verify(LeakOptions().within(200ms)).tasks; }
  ~AsioLeaksTest() override {
    pool_.stop();
    pool_.join();
  }
};

bool exists(tasks::LeakScope scope) {
  return tasks::leak_scopes().is_within(scope, scope);
}

TEST_F(AsioLeaksTest, FindsACoroutineThatWaits) {
  asio::co_spawn(pool_, wait_long(), asio::detached);

  const LeakReport report = check_.verify(LeakOptions().within(200ms));

  ASSERT_EQ(report.groups.size(), 1U) << report;
  EXPECT_EQ(report.groups.front().state, "timer") << report;
  EXPECT_NE(report.groups.front().frames.front().function.find("wait_long"), std::string::npos);
  EXPECT_TRUE(report.groups.front().created.front().file.ends_with("asio_leaks_test.cpp"))
      << report;
}

TEST_F(AsioLeaksTest, FindsWhatAPostedHandlerMakes) {
  std::promise<void> made;
  asio::post(pool_, [&] {
    asio::co_spawn(pool_, wait_long(), asio::detached);
    made.set_value();
  });
  made.get_future().wait();

  EXPECT_EQ(leaked_tasks(), 1U);
}

TEST_F(AsioLeaksTest, FindsWhatATimersHandlerMakes) {
  std::promise<void> made;
  asio::steady_timer timer(pool_, 1ms);
  timer.async_wait([&](const asio::error_code&) {
    asio::post(asio::make_strand(pool_), [&] {
      asio::co_spawn(pool_, wait_long(), asio::detached);
      made.set_value();
    });
  });
  made.get_future().wait();

  EXPECT_EQ(leaked_tasks(), 1U);
}

TEST_F(AsioLeaksTest, CountsInTheOuterCheckWhatComesOfWhatAnInnerOneBegan) {
  std::promise<void> made;
  asio::steady_timer timer(pool_, 1h);
  {
    LeakCheck inner;
    timer.async_wait([&](const asio::error_code&) {
      asio::post(pool_, [&] {
        asio::co_spawn(pool_, wait_long(), asio::detached);
        made.set_value();
      });
    });
    EXPECT_TRUE(inner.verify());
  }
  timer.cancel();
  made.get_future().wait();

  EXPECT_EQ(leaked_tasks(), 1U);
}

TEST_F(AsioLeaksTest, KeepsTheScopeOfAnOperationUntilItsHandlerHasRun) {
  asio::io_context context;
  asio::steady_timer timer(context, 1h);
  const std::uint32_t scope = xgops_leak_scope_current();
  bool was_kept = false;
  timer.async_wait([&](const asio::error_code&) { was_kept = exists(scope); });
  EXPECT_TRUE(check_.verify());
  EXPECT_TRUE(exists(scope));

  timer.cancel();
  context.run();

  EXPECT_TRUE(was_kept);
  EXPECT_FALSE(exists(scope));
}

TEST_F(AsioLeaksTest, DoesNotBlameWhatOthersMakeOnTheSameThreads) {
  std::promise<void> made;
  std::promise<void> theirs_made;
  std::thread([&] {
    LeakCheck theirs;
    asio::post(pool_, [&] {
      asio::co_spawn(pool_, wait_long(), asio::detached);
      theirs_made.set_value();
    });
    theirs_made.get_future().wait();
    EXPECT_EQ(theirs.verify(LeakOptions().within(100ms)).tasks, 1U);
  }).join();
  asio::post(pool_, [&] { made.set_value(); });
  made.get_future().wait();

  // That thread was made here, and so is what it made: the checks are nested.
  EXPECT_EQ(leaked_tasks(), 1U);
}

TEST_F(AsioLeaksTest, IsContentWhenCoroutinesEnd) {
  for (int i = 0; i < 100; ++i) {
    asio::co_spawn(
        pool_, []() -> asio::awaitable<void> { co_await asio::post(asio::use_awaitable); },
        asio::detached);
  }

  const LeakReport report = check_.verify(LeakOptions().within(30s));
  EXPECT_TRUE(report) << report;
}

}  // namespace
}  // namespace xgops
