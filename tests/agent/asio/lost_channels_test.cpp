// SPDX-License-Identifier: MIT
// Tasks of stock Asio that wait for a channel which nobody else has.
#include "proof/lost_tasks.hpp"
#include "tasks/snapshot.hpp"

#include <asio.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/experimental/channel.hpp>
#include <asio/experimental/concurrent_channel.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace xgops::test {
namespace {

using proof::Verdict;
using AsioChannel = asio::experimental::channel<void(asio::error_code, int)>;
using ConcurrentChannel = asio::experimental::concurrent_channel<void(asio::error_code, int)>;

template <class Channel>
asio::awaitable<void> receive(std::shared_ptr<Channel> channel) {
  co_await channel->async_receive(asio::use_awaitable);
}
asio::awaitable<void> send(std::shared_ptr<AsioChannel> channel) {
  co_await channel->async_send(asio::error_code(), 7, asio::use_awaitable);
}
asio::awaitable<void> end() {
  co_return;
}

std::set<std::uint64_t> live_ids() {
  std::set<std::uint64_t> ids;
  tasks::TaskReader(tasks::registry()).read({}, [&](const tasks::TaskSighting& task) {
    ids.insert(task.id);
  });
  return ids;
}

class LostChannelsTest : public testing::Test {
 protected:
  /// Runs what `start(context)` spawns until it waits. The id of the task.
  template <class Start>
  std::uint64_t spawn(Start start) {
    std::uint64_t id = 0;
    elsewhere([&] {
      const std::set<std::uint64_t> before = live_ids();
      [&]() __attribute__((noinline)) {
        start(*context_);
      }
      ();
      run();
      for (int i = 0; i < 100; ++i) {
        co_spawn(*context_, end, asio::detached);
      }
      run();
      for (const std::uint64_t each : live_ids()) {
        id = before.count(each) == 0 ? each : id;
      }
    });
    return id;
  }
  void run() {
    context_->restart();
    context_->poll();
  }
  void TearDown() override {  // NOLINT(readability-identifier-naming): as GoogleTest has it.
    elsewhere([&] { context_.reset(); });
  }

  std::unique_ptr<asio::io_context> context_ = std::make_unique<asio::io_context>(1);
  std::shared_ptr<AsioChannel> kept_;
};

TEST_F(LostChannelsTest, AreProvenAlthoughAsioHasAListOfThem) {
  const std::uint64_t receiver = spawn([](asio::io_context& context) {
    co_spawn(context, receive(std::make_shared<AsioChannel>(context)), asio::detached);
  });
  const std::uint64_t sender = spawn([](asio::io_context& context) {
    co_spawn(context, send(std::make_shared<AsioChannel>(context)), asio::detached);
  });
  const std::uint64_t concurrent = spawn([](asio::io_context& context) {
    co_spawn(context, receive(std::make_shared<ConcurrentChannel>(context)), asio::detached);
  });
  ASSERT_NE(receiver, 0U);

  const proof::ProofReport report = prove();

  EXPECT_EQ(text_of(report), "");
  for (const std::uint64_t id : {receiver, sender, concurrent}) {
    const proof::TaskProof proof = proof_of(report, id);
    EXPECT_EQ(proof.verdict, Verdict::kProven)
        << static_cast<int>(proof.reached) << " by " << static_cast<int>(proof.holder.kind);
  }
}

TEST_F(LostChannelsTest, AreReachableWhileSomebodyHasThem) {
  const std::uint64_t id = spawn([this](asio::io_context& context) {
    kept_ = std::make_shared<AsioChannel>(context);
    co_spawn(context, receive(kept_), asio::detached);
  });
  // Others in the list, before and behind it.
  spawn([](asio::io_context& context) {
    co_spawn(context, receive(std::make_shared<AsioChannel>(context)), asio::detached);
  });

  EXPECT_EQ(proof_of(prove(), id).verdict, Verdict::kReachable);

  elsewhere([&] { kept_.reset(); });
  EXPECT_EQ(proof_of(prove(), id).verdict, Verdict::kProven);
}

asio::awaitable<void> receive_all(std::shared_ptr<AsioChannel> one,
                                  std::shared_ptr<AsioChannel> other) {
  using namespace asio::experimental::awaitable_operators;
  co_await (receive(std::move(one)) && receive(std::move(other)));
}
asio::awaitable<void> receive_unless(std::shared_ptr<AsioChannel> channel,
                                     std::chrono::hours patience) {
  using namespace asio::experimental::awaitable_operators;
  asio::steady_timer timer(co_await asio::this_coro::executor, patience);
  co_await (receive(std::move(channel)) || timer.async_wait(asio::use_awaitable));
}

/// The task, and those that it created.
std::set<std::uint64_t> family_of(std::uint64_t id) {
  std::set<std::uint64_t> family{id};
  tasks::TaskReader(tasks::registry()).read({}, [&](const tasks::TaskSighting& task) {
    if (task.parent == id) {
      family.insert(task.id);
    }
  });
  return family;
}

TEST_F(LostChannelsTest, AreProvenInGroups) {
  std::set<std::uint64_t> family;
  spawn([&](asio::io_context& context) {
    co_spawn(
        context,
        receive_all(std::make_shared<AsioChannel>(context), std::make_shared<AsioChannel>(context)),
        asio::detached);
  });
  family = family_of(*live_ids().begin());
  ASSERT_EQ(family.size(), 3U);

  const proof::ProofReport report = prove();

  for (const std::uint64_t id : family) {
    const proof::TaskProof proof = proof_of(report, id);
    EXPECT_EQ(proof.verdict, Verdict::kProven)
        << static_cast<int>(proof.reached) << " by " << static_cast<int>(proof.holder.kind);
  }
}

TEST_F(LostChannelsTest, AreReachableInGroupsWhileSomebodyHasOneOfThem) {
  spawn([this](asio::io_context& context) {
    kept_ = std::make_shared<AsioChannel>(context);
    co_spawn(context, receive_all(std::make_shared<AsioChannel>(context), kept_), asio::detached);
  });
  const std::uint64_t parent = *live_ids().begin();
  ASSERT_EQ(family_of(parent).size(), 3U);

  EXPECT_EQ(proof_of(prove(), parent).verdict, Verdict::kReachable);
}

TEST_F(LostChannelsTest, AreNotProvenWhereATimerEndsTheWait) {
  spawn([](asio::io_context& context) {
    co_spawn(context, receive_unless(std::make_shared<AsioChannel>(context), std::chrono::hours(1)),
             asio::detached);
  });
  const std::uint64_t parent = *live_ids().begin();
  const std::set<std::uint64_t> family = family_of(parent);
  ASSERT_EQ(family.size(), 3U);

  const proof::ProofReport report = prove();

  for (const proof::TaskProof& task : report.tasks) {
    EXPECT_NE(task.verdict, Verdict::kProven) << task.id;
  }
  EXPECT_EQ(proof_of(report, parent).verdict, Verdict::kReachable);
}

asio::awaitable<void> sleep_then_send(std::shared_ptr<AsioChannel> channel) {
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
  co_await timer.async_wait(asio::use_awaitable);
  co_await channel->async_send(asio::error_code(), 1, asio::use_awaitable);
}

TEST_F(LostChannelsTest, AreReachableWhileATaskThatSleepsHasThem) {
  std::uint64_t sleeping = 0;
  std::shared_ptr<AsioChannel> channel;
  const std::uint64_t id = spawn([&](asio::io_context& context) {
    channel = std::make_shared<AsioChannel>(context);
    co_spawn(context, receive(channel), asio::detached);
  });
  sleeping = spawn([&](asio::io_context& context) {
    co_spawn(context, sleep_then_send(std::move(channel)), asio::detached);
  });
  ASSERT_NE(sleeping, 0U);

  EXPECT_EQ(proof_of(prove(), id).verdict, Verdict::kReachable);
}

}  // namespace
}  // namespace xgops::test
