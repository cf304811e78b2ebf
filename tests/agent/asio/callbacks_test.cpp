// SPDX-License-Identifier: MIT
// Operations of stock Asio with a callback are pending until they complete or are destroyed.
#include "tasks/operation_names.hpp"
#include "tasks/pending.hpp"

#include <asio.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace xgops::tasks {
namespace {

/// The words of all pending operations on `context`.
std::vector<std::string> pending_on(const asio::execution_context& context) {
  std::vector<std::string> words;
  pending_operations().visit([&](const PendingOperation& operation) {
    if (operation.context == reinterpret_cast<std::uint64_t>(&context)) {
      words.emplace_back(words_of(describe_operation_at(operation.operation).reason));
    }
  });
  return words;
}

TEST(CallbacksTest, ArePendingUntilTheyAreCalled) {
  asio::io_context context;
  asio::steady_timer timer(context, std::chrono::hours(1));
  bool called = false;
  timer.async_wait([&](asio::error_code) { called = true; });
  EXPECT_EQ(pending_on(context), std::vector<std::string>{"timer"});

  timer.cancel();
  context.run();

  EXPECT_TRUE(called);
  EXPECT_TRUE(pending_on(context).empty());
}

TEST(CallbacksTest, ArePendingUntilTheirContextIsDestroyed) {
  std::optional<asio::io_context> context(std::in_place);
  asio::post(*context, [] {});
  EXPECT_EQ(pending_on(*context), std::vector<std::string>{"queued"});
  const asio::execution_context& address = *context;

  context.reset();

  EXPECT_TRUE(pending_on(address).empty());
}

TEST(CallbacksTest, AreNotCountedTwiceWhenATaskWaits) {
  asio::io_context context;
  const auto wait = []() -> asio::awaitable<void> {
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
    co_await timer.async_wait(asio::use_awaitable);
  };
  co_spawn(context, wait, asio::detached);
  context.poll();

  EXPECT_TRUE(pending_on(context).empty());
}

}  // namespace
}  // namespace xgops::tasks
