// SPDX-License-Identifier: MIT
// Queues between tasks, and select.
#include "support/sync/channel.hpp"

#include "support/sync/seen_wait.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace xgops::test::sync {
namespace {

using protocol::TaskWaitReason;

Task<> send_all(Channel<int>& channel, std::vector<int> values) {
  for (const int value : values) {
    co_await channel.send(value);
  }
}
Task<> receive_all(Channel<int>& channel, std::vector<int>& received) {
  while (const auto value = co_await channel.receive()) {
    received.push_back(*value);
  }
}
Task<> add_all(Channel<int>& channel, std::atomic<std::int64_t>& sum) {
  while (const auto value = co_await channel.receive()) {
    sum.fetch_add(*value);
  }
}
Task<> pass_on(Channel<std::unique_ptr<int>>& channel, int& seen) {
  co_await channel.send(std::make_unique<int>(7));
  const auto value = co_await channel.receive();
  seen = **value;
}

/// What a select with two receiving cases did.
struct Selected {
  std::optional<std::size_t> index;
  std::optional<int> first;
  std::optional<int> second;
};
Task<> select_two(Channel<int>& first, Channel<int>& second, Selected& result) {
  result.index = co_await select(first.receiving(result.first), second.receiving(result.second));
}
Task<> send_to_either(Channel<int>& first, Channel<int>& second, std::size_t& index) {
  int one = 1;
  int two = 2;
  index = co_await select(first.sending(one), second.sending(two));
}
Task<> select_for_ever() {
  co_await select();
}
Task<> select_nil_or(Channel<int>& channel, Selected& result) {
  result.index = co_await select(ChannelCase{}, channel.receiving(result.second));
}
Task<> serve(Channel<int>& requests, Channel<int>& stop, std::atomic<int>& served) {
  for (;;) {
    std::optional<int> request;
    std::optional<int> nothing;
    if (co_await select(requests.receiving(request), stop.receiving(nothing)) == 1) {
      co_return;
    }
    served.fetch_add(*request);
  }
}
Task<> feed(Channel<int>& requests, Channel<int>& feeders, int count) {
  for (int i = 0; i < count; ++i) {
    co_await requests.send(1);
  }
  co_await feeders.send(1);
}
Task<> stop_after(Channel<int>& feeders, Channel<int>& stop, int count) {
  for (int i = 0; i < count; ++i) {
    co_await feeders.receive();
  }
  stop.close();
}

TEST(ChannelTest, PassesValuesFromHandToHandWithoutRoom) {
  Channel<int> channel;
  std::vector<int> received;
  Executor executor;
  const std::uint64_t sender = executor.spawn(send_all(channel, {1, 2, 3}));
  executor.run_until_idle();
  EXPECT_EQ(channel.waiting_senders(), 1U);
  expect_wait(sender, {.words = "channel send", .reason = TaskWaitReason::kChannelSend});

  const std::uint64_t receiver = executor.spawn(receive_all(channel, received));
  executor.run_until_idle();

  EXPECT_EQ(received, (std::vector{1, 2, 3}));
  expect_wait(receiver, {.words = "channel receive", .reason = TaskWaitReason::kChannelReceive});
}

TEST(ChannelTest, KeepsAsManyAsItHasRoomFor) {
  Channel<int> channel(2);
  Executor executor;
  executor.spawn(send_all(channel, {1, 2, 3}));

  executor.run_until_idle();

  EXPECT_EQ(channel.size(), 2U);
  EXPECT_EQ(channel.waiting_senders(), 1U);
}

TEST(ChannelTest, GivesWhatIsLeftAndThenNothingOnceClosed) {
  Channel<int> channel(2);
  std::vector<int> received;
  Executor executor;
  executor.spawn(send_all(channel, {1, 2}));
  executor.run_until_idle();
  channel.close();

  executor.spawn(receive_all(channel, received));
  executor.run_until_idle();

  EXPECT_EQ(received, (std::vector{1, 2}));
  EXPECT_EQ(executor.unfinished(), 0U);
}

TEST(ChannelTest, WakesReceiversWhenItIsClosed) {
  Channel<int> channel;
  std::vector<int> received;
  Executor executor;
  executor.spawn(receive_all(channel, received));
  executor.spawn(receive_all(channel, received));
  executor.run_until_idle();

  channel.close();
  executor.run_until_idle();

  EXPECT_EQ(executor.unfinished(), 0U);
}

TEST(ChannelTest, ThrowsAtThoseWhoSendIntoAClosedOne) {
  Channel<int> channel;
  Executor executor;
  executor.spawn(send_all(channel, {1}));
  executor.run_until_idle();

  channel.close();

  EXPECT_THROW(executor.run_until_idle(), std::logic_error);
  executor.spawn(send_all(channel, {1}));
  EXPECT_THROW(executor.run_until_idle(), std::logic_error);
  EXPECT_THROW(channel.close(), std::logic_error);
}

TEST(ChannelTest, CarriesWhatCanOnlyBeMoved) {
  Channel<std::unique_ptr<int>> channel(1);
  int seen = 0;
  Executor executor;
  executor.spawn(pass_on(channel, seen));

  executor.run_until_idle();

  EXPECT_EQ(seen, 7);
}

TEST(ChannelTest, LosesNothingBetweenThreads) {
  for (const std::size_t capacity : {0U, 1U, 7U}) {
    Channel<int> channel(capacity);
    std::atomic<std::int64_t> sum{0};
    Executor executor(4);
    for (int i = 0; i < 3; ++i) {
      executor.spawn(send_all(channel, std::vector<int>(300, 1)));
      executor.spawn(add_all(channel, sum));
    }

    executor.run_until_idle();
    EXPECT_EQ(sum, 900) << capacity;
    channel.close();
    executor.run_until_idle();

    EXPECT_EQ(executor.unfinished(), 0U);
  }
}

TEST(SelectTest, DoesWhatBecomesPossibleFirstAndForgetsTheRest) {
  Channel<int> first;
  Channel<int> second;
  Selected result;
  Executor executor;
  const std::uint64_t selecting = executor.spawn(select_two(first, second, result));
  executor.run_until_idle();
  expect_wait(selecting, {.words = "select", .reason = TaskWaitReason::kSelect});
  EXPECT_EQ(first.waiting_receivers(), 1U);

  executor.spawn(send_all(second, {5}));
  executor.run_until_idle();

  EXPECT_EQ(result.index, 1U);
  EXPECT_EQ(result.second, 5);
  EXPECT_EQ(first.waiting_receivers(), 0U);
  EXPECT_EQ(executor.unfinished(), 0U);
}

TEST(SelectTest, TakesTheFirstOfThoseThatArePossible) {
  Channel<int> first(1);
  Channel<int> second(1);
  Selected result;
  Executor executor;
  executor.spawn(send_all(first, {1}));
  executor.spawn(send_all(second, {2}));
  executor.spawn(select_two(first, second, result));

  executor.run_until_idle();

  EXPECT_EQ(result.index, 0U);
  EXPECT_EQ(second.size(), 1U) << "the other case was not done";
}

TEST(SelectTest, SendsToWhoeverReceives) {
  Channel<int> first;
  Channel<int> second;
  std::vector<int> received;
  std::size_t index = 9;
  Executor executor;
  executor.spawn(send_to_either(first, second, index));
  executor.spawn(receive_all(second, received));

  executor.run_until_idle();

  EXPECT_EQ(index, 1U);
  EXPECT_EQ(received, (std::vector{2}));
  EXPECT_EQ(first.waiting_senders(), 0U);
}

TEST(SelectTest, DoesNotWaitWithADefault) {
  Channel<int> channel(1);
  std::optional<int> received;
  int value = 3;

  EXPECT_EQ(try_select(channel.receiving(received)), std::nullopt);
  EXPECT_EQ(try_select(channel.sending(value)), 0U);
  EXPECT_EQ(try_select(channel.sending(value)), std::nullopt);
  EXPECT_EQ(try_select(ChannelCase{}, channel.receiving(received)), 1U);
  EXPECT_EQ(received, 3);
  channel.close();
  EXPECT_THROW(static_cast<void>(try_select(channel.sending(value))), std::logic_error);
}

TEST(SelectTest, WaitsForEverWithoutCases) {
  Executor executor;
  const std::uint64_t task = executor.spawn(select_for_ever());

  executor.run_until_idle();

  expect_wait(task, {.words = "select", .reason = TaskWaitReason::kSelect});
}

TEST(ChannelTest, WaitsForEverForNoChannelAtAll) {
  Executor executor;
  const std::uint64_t sender = executor.spawn([]() -> Task<> { co_await send_to_nil(); }());
  const std::uint64_t receiver = executor.spawn([]() -> Task<> { co_await receive_from_nil(); }());

  executor.run_until_idle();

  expect_wait(sender, {.words = "channel send", .reason = TaskWaitReason::kChannelSend});
  expect_wait(receiver, {.words = "channel receive", .reason = TaskWaitReason::kChannelReceive});
}

TEST(SelectTest, NeverDoesACaseWithoutAChannel) {
  Channel<int> channel;
  Selected result;
  Executor executor;
  executor.spawn(select_nil_or(channel, result));
  executor.run_until_idle();
  EXPECT_EQ(executor.unfinished(), 1U);

  channel.close();
  executor.run_until_idle();

  EXPECT_EQ(result.index, 1U);
  EXPECT_EQ(result.second, std::nullopt);
}

TEST(SelectTest, LosesNothingBetweenThreads) {
  Channel<int> requests;
  Channel<int> feeders;
  Channel<int> stop;
  std::atomic<int> served{0};
  Executor executor(4);
  for (int i = 0; i < 3; ++i) {
    executor.spawn(serve(requests, stop, served));
    executor.spawn(feed(requests, feeders, 300));
  }
  executor.spawn(stop_after(feeders, stop, 3));

  executor.run_until_idle();

  EXPECT_EQ(served, 900);
  EXPECT_EQ(executor.unfinished(), 0U);
}

}  // namespace
}  // namespace xgops::test::sync
