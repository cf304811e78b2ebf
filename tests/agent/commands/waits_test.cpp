// SPDX-License-Identifier: MIT
// The answer to Waits.
#include "commands/handlers.hpp"
#include "recording_channel.hpp"
#include "running_server.hpp"
#include "support/sync/channel.hpp"
#include "support/sync/executor.hpp"
#include "support/sync/rw_lock.hpp"
#include "support/sync/wait_group.hpp"
#include "xgops/tasks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <latch>
#include <optional>
#include <thread>
#include <vector>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace xgops::commands {
namespace {

using protocol::TaskOwner;
using test::sync::Channel;
using test::sync::Executor;
using test::sync::RwLock;
using test::sync::Task;
using test::sync::WaitGroup;

protocol::Waits::Response ask(AgentState& state, const protocol::Waits::Request& request = {}) {
  test::RecordingChannel channel;
  ReplyTerms terms;
  terms.arrival = std::chrono::steady_clock::now();
  terms.deadline = std::chrono::steady_clock::time_point::max();
  Reply<protocol::Waits> reply(channel, terms);
  EXPECT_TRUE(handle(state, request, reply));
  EXPECT_EQ(channel.size(), 1U);
  const auto part = channel.as<protocol::Waits::Response>(0);
  EXPECT_TRUE(part);
  return part ? *part : protocol::Waits::Response{};
}

std::vector<std::uint64_t> ids_of(const protocol::WaitObject& object) {
  std::vector<std::uint64_t> ids;
  for (const protocol::HolderFacts& holder : object.holders) {
    ids.push_back(holder.id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

Task<> read(RwLock& lock, WaitGroup& group) {
  co_await lock.read_lock();
  co_await group.wait();
  lock.read_unlock();
}
Task<> write(RwLock& lock) {
  co_await lock.lock();
  lock.unlock();
}

TEST(WaitsTest, NamesAllReadersThatAWriterWaitsFor) {
  const auto state = test::make_agent_state();
  RwLock lock;
  WaitGroup group(1);
  Executor executor;
  const std::uint64_t first = executor.spawn(read(lock, group));
  const std::uint64_t second = executor.spawn(read(lock, group));
  executor.spawn(write(lock));
  executor.run_until_idle();

  const auto answer = ask(*state);

  const auto found = std::find_if(answer.objects.begin(), answer.objects.end(),
                                  [](const auto& it) { return it.holders.size() == 2; });
  ASSERT_NE(found, answer.objects.end());
  EXPECT_FALSE(found->any);
  EXPECT_EQ(ids_of(*found), (std::vector{first, second}));
  EXPECT_EQ(found->holders[0].kind, TaskOwner::kTask);
  group.done();
  executor.run_until_idle();
}

Task<> end_at_once() {
  co_return;
}
Task<> receive_from_either(Channel<int>& one, Channel<int>& other) {
  std::optional<int> value;
  co_await select(one.receiving(value), other.receiving(value));
}

TEST(WaitsTest, SaysWhoCanEndASelectAndWhichOfThemHasEnded) {
  const auto state = test::make_agent_state();
  Channel<int> one;
  Channel<int> other;
  Executor executor;
  const std::uint64_t gone = executor.spawn(end_at_once());
  const std::uint64_t waiting = executor.spawn(receive_from_either(one, other));
  executor.run_until_idle();
  one.add_sender(gone);
  other.add_sender(waiting);
  one.seal();

  const auto half_open = ask(*state);
  other.seal();
  const auto sealed = ask(*state);

  ASSERT_EQ(half_open.objects.size(), 1U);
  EXPECT_TRUE(half_open.objects[0].any);
  EXPECT_FALSE(half_open.objects[0].sealed) << "one of its channels is open";
  ASSERT_EQ(sealed.objects.size(), 1U);
  EXPECT_TRUE(sealed.objects[0].sealed);
  EXPECT_EQ(ids_of(sealed.objects[0]), (std::vector{gone, waiting}));
  for (const protocol::HolderFacts& holder : sealed.objects[0].holders) {
    EXPECT_EQ(holder.kind, holder.id == gone ? TaskOwner::kGone : TaskOwner::kTask);
  }
}

Task<> receive_from_none() {
  co_await test::sync::select();
}

TEST(WaitsTest, SaysThatNobodyCanEndASelectWithoutCases) {
  const auto state = test::make_agent_state();
  Executor executor;
  executor.spawn(receive_from_none());
  executor.run_until_idle();

  const auto answer = ask(*state);

  ASSERT_EQ(answer.objects.size(), 1U);
  EXPECT_TRUE(answer.objects[0].sealed);
  EXPECT_TRUE(answer.objects[0].holders.empty());
}

TEST(WaitsTest, CountsHoldersForWhichThereIsNoRoom) {
  const auto state = test::make_agent_state();
  static constexpr WaitKind kKind{WaitReason::kWaitGroup};
  HolderSet set(HolderSet::Ends::kAllLetGo);
  for (std::uint64_t id = 1; id <= HolderSet::kListed + 3; ++id) {
    set.add_task(1'000'000 + id);
  }
  const WaitScope waiting(kKind, set);

  const auto full = ask(*state);
  set.remove_task(1'000'000 + HolderSet::kListed + 3);  // Of those that are only counted.
  set.remove_task(1'000'001);
  const auto fewer = ask(*state);

  ASSERT_EQ(full.objects.size(), 1U);
  EXPECT_EQ(full.objects[0].holders.size(), HolderSet::kListed);
  EXPECT_EQ(full.objects[0].unlisted, 3U);
  EXPECT_EQ(fewer.objects[0].holders.size(), HolderSet::kListed - 1);
  EXPECT_EQ(fewer.objects[0].unlisted, 2U);
}

TEST(WaitsTest, TellsWhatAThreadAnnouncesAndWhoHoldsThat) {
  const auto state = test::make_agent_state();
  static constexpr WaitKind kTurn{"turn of the printer"};
  Holder holder;
  holder.set_current();
  const WaitScope waiting(kTurn, holder);

  const auto answer = ask(*state);

  const auto own = static_cast<std::int32_t>(::syscall(SYS_gettid));
  const auto found =
      std::find_if(answer.announced.begin(), answer.announced.end(),
                   [&](const protocol::AnnouncedWait& wait) { return wait.tid == own; });
  ASSERT_NE(found, answer.announced.end());
  EXPECT_EQ(found->detail, "turn of the printer");
  EXPECT_EQ(found->object, reinterpret_cast<std::uint64_t>(&holder));
  EXPECT_EQ(found->holder.kind, TaskOwner::kThread);
  EXPECT_EQ(found->holder.id, static_cast<std::uint64_t>(own));
}

TEST(WaitsTest, KnowsAThreadThatHasExitedWithWhatItHeld) {
  const auto state = test::make_agent_state();
  static constexpr WaitKind kHeldLock{WaitReason::kMutexLock};
  Holder holder;
  std::thread([&holder] { holder.set_current(); }).join();
  const WaitScope waiting(kHeldLock, holder);

  const auto answer = ask(*state);

  ASSERT_EQ(answer.announced.size(), 1U);
  EXPECT_EQ(answer.announced[0].holder.kind, TaskOwner::kGoneThread);
}

TEST(WaitsTest, TellsEventLoopsThatOnlyTheProcessItselfCanWake) {
  const auto state = test::make_agent_state(support::FdTable::kShared);
  const int poll = ::epoll_create1(EPOLL_CLOEXEC);
  const int event = ::eventfd(0, EFD_CLOEXEC);
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  epoll_event nothing{};
  nothing.events = EPOLLIN;
  ASSERT_EQ(::epoll_ctl(poll, EPOLL_CTL_ADD, event, &nothing), 0);
  ASSERT_EQ(::epoll_ctl(poll, EPOLL_CTL_ADD, timer, &nothing), 0);
  protocol::Waits::Request request;
  request.event_polls = {poll, 9999};

  const auto quiet = ask(*state, request);
  itimerspec soon{};
  soon.it_value.tv_sec = 3600;
  ASSERT_EQ(::timerfd_settime(timer, 0, &soon, nullptr), 0);
  const auto with_timer = ask(*state, request);

  ASSERT_EQ(quiet.event_polls.size(), 2U);
  EXPECT_EQ(quiet.event_polls[0].watched, 2U);
  EXPECT_EQ(quiet.event_polls[0].external, 0U);
  EXPECT_EQ(quiet.event_polls[1].external, 1U) << "there is none: it cannot be told";
  EXPECT_EQ(with_timer.event_polls[0].external, 1U);
  for (const int fd : {timer, event, poll}) {
    ::close(fd);
  }
}

TEST(WaitsTest, TellsWhichSignalsTheProgramHandles) {
  const auto state = test::make_agent_state();
  struct sigaction before {};
  struct sigaction action {};
  action.sa_handler = [](int) {};
  const auto bit = std::uint64_t{1} << (SIGUSR2 - 1);

  const std::uint64_t without = ask(*state).caught_signals;
  ASSERT_EQ(::sigaction(SIGUSR2, &action, &before), 0);
  const std::uint64_t with = ask(*state).caught_signals;
  ::sigaction(SIGUSR2, &before, nullptr);

  EXPECT_EQ(without & bit, 0U);
  EXPECT_EQ(with & bit, bit);
}

}  // namespace
}  // namespace xgops::commands
