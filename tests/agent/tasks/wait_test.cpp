// SPDX-License-Identifier: MIT
// What primitives say of a wait, and who holds what is waited for.
#include "commands/wait_mapping.hpp"
#include "own_task.hpp"
#include "running_server.hpp"
#include "seen_task.hpp"
#include "task_answer.hpp"
#include "xgops/tasks.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>

#include <unistd.h>

namespace xgops::test {
namespace {

using protocol::TaskArgument;
using protocol::TaskOwner;
using protocol::TaskWaitReason;

constexpr WaitKind kLock{WaitReason::kMutexLock};
constexpr WaitKind kTurn{"turn of the printer"};

struct Announced {
  const WaitKind& kind;
  const void* object = nullptr;
  const Holder* holder = nullptr;
  AnnouncedWait* told = nullptr;  ///< Gets what the announcement returns.

  bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> /*self*/) noexcept {
    const AnnouncedWait wait =
        holder != nullptr ? announce_wait(kind, *holder) : announce_wait(kind, object);
    if (told != nullptr) {
      *told = wait;
    }
  }
  void await_resume() noexcept {}
};
OwnTask wait(Announced wait) {
  co_await wait;
}

protocol::Task wire_task(std::uint64_t id) {
  const auto state = make_agent_state();
  const TaskAnswer answer = ask_tasks(*state, {.id = id});
  EXPECT_EQ(answer.tasks.size(), 1U);
  return answer.tasks.empty() ? protocol::Task{} : answer.tasks.front();
}

TEST(WaitTest, HasAKindAndAnObject) {
  const int object = 0;
  OwnTask task = wait({.kind = kLock, .object = &object});
  task.start();

  const protocol::Task seen = wire_task(task.id());

  EXPECT_EQ(seen.reason, TaskWaitReason::kMutexLock);
  EXPECT_EQ(seen.argument_kind, TaskArgument::kObject);
  EXPECT_EQ(seen.argument, reinterpret_cast<std::uint64_t>(&object));
  EXPECT_EQ(seen.owner_kind, TaskOwner::kNone);
  EXPECT_EQ(seen_task(task.id())->wait, "mutex lock");
}

TEST(WaitTest, MayHaveWordsOfTheProgram) {
  OwnTask task = wait({.kind = kTurn});
  task.start();

  EXPECT_EQ(seen_task(task.id())->wait, "turn of the printer");
  EXPECT_EQ(wire_task(task.id()).reason, TaskWaitReason::kCustom);
}

TEST(WaitTest, IsNothingOutsideOfASuspension) {
  const TaskScope scope;

  announce_wait(kLock);

  EXPECT_EQ(seen_task(current_task_id())->wait, "");
}

TEST(AnnouncedWaitTest, IsOfTheTaskThatWaits) {
  AnnouncedWait told;
  OwnTask task = wait({.kind = kLock, .told = &told});
  task.start();

  EXPECT_EQ(told.task(), task.id());
  EXPECT_EQ(announce_wait(kLock).task(), 0U) << "nobody is being suspended here";
}

TEST(AnnouncedWaitTest, EndsWhenWhoWakesTheTaskSaysSo) {
  AnnouncedWait told;
  Holder holder;
  OwnTask task = wait({.kind = kLock, .holder = &holder, .told = &told});
  task.start();
  ASSERT_EQ(wire_task(task.id()).state, protocol::TaskState::kWaiting);

  holder.hand_to(told);

  EXPECT_EQ(holder.task(), task.id());
  const protocol::Task seen = wire_task(task.id());
  EXPECT_EQ(seen.state, protocol::TaskState::kReady);
  EXPECT_EQ(seen.owner_kind, TaskOwner::kNone);
  EXPECT_EQ(seen_task(task.id())->state, SeenTask::kReady);
  EXPECT_EQ(seen_task(task.id())->chain(), "wait") << "it is still suspended there";
}

TEST(AnnouncedWaitTest, SaysNothingOfTheTaskAfterIt) {
  AnnouncedWait told;
  {
    OwnTask task = wait({.kind = kLock, .told = &told});
    task.start();
  }
  OwnTask next = wait({.kind = kLock});  // In the same record.
  next.start();
  ASSERT_NE(next.id(), told.task());

  told.mark_ready();
  AnnouncedWait().mark_ready();

  EXPECT_EQ(wire_task(next.id()).state, protocol::TaskState::kWaiting);
}

TEST(HolderTest, IsATask) {
  Holder holder;
  const TaskScope scope;
  holder.set_current();
  OwnTask task = wait({.kind = kLock, .holder = &holder});
  task.start();

  const protocol::Task seen = wire_task(task.id());

  EXPECT_EQ(holder.task(), current_task_id());
  EXPECT_EQ(seen.owner_kind, TaskOwner::kTask);
  EXPECT_EQ(seen.owner, current_task_id());
}

TEST(HolderTest, IsAThreadWhenNoTaskRuns) {
  Holder holder;
  holder.set_current();
  OwnTask task = wait({.kind = kLock, .holder = &holder});
  task.start();

  const protocol::Task seen = wire_task(task.id());

  EXPECT_EQ(holder.task(), 0U);
  EXPECT_EQ(seen.owner_kind, TaskOwner::kThread);
  EXPECT_EQ(seen.owner, static_cast<std::uint64_t>(::gettid()));
}

TEST(HolderTest, MayBeGone) {
  Holder holder;
  std::optional<Job> job(std::in_place);
  const std::uint64_t id = job->id();
  holder.set_task(id);
  job.reset();
  OwnTask task = wait({.kind = kLock, .holder = &holder});
  task.start();

  const protocol::Task seen = wire_task(task.id());

  EXPECT_EQ(seen.owner_kind, TaskOwner::kGone);
  EXPECT_EQ(seen.owner, id);
}

TEST(HolderTest, MayBeNobody) {
  Holder holder;
  holder.set_current();
  holder.clear();
  OwnTask task = wait({.kind = kLock, .holder = &holder});
  task.start();

  EXPECT_EQ(wire_task(task.id()).owner_kind, TaskOwner::kNone);
}

/// What an answer about threads says of this one.
protocol::Wait announced_wait() {
  const auto state = make_agent_state();
  protocol::ThreadFacts facts;
  facts.tid = ::gettid();
  commands::AnnouncedWaits(*state).add_to(facts);
  return facts.wait;
}

TEST(WaitScopeTest, SaysWhatAThreadWaitsForAndWhoHoldsIt) {
  Holder holder;
  holder.set_current();
  const WaitScope outer(kTurn);
  {
    const WaitScope inner(kLock, holder);

    const protocol::Wait wait = announced_wait();
    EXPECT_EQ(wait.detail, "mutex lock");
    EXPECT_EQ(wait.object, reinterpret_cast<std::uint64_t>(&holder));
    EXPECT_EQ(wait.owner_tid, ::gettid());
    EXPECT_EQ(wait.owner_state, protocol::OwnerState::kLive);
  }

  EXPECT_EQ(announced_wait().detail, "turn of the printer");
  EXPECT_EQ(announced_wait().owner_tid, 0);
}

TEST(WaitScopeTest, NamesATaskThatHolds) {
  Holder holder;
  holder.set_task(7);
  const WaitScope scope(kLock, holder);

  EXPECT_EQ(announced_wait().detail, "mutex lock, held by task 7");
}

TEST(WaitScopeTest, SaysNothingAfterwards) {
  { const WaitScope scope(kTurn); }

  EXPECT_EQ(announced_wait().detail, "");
}

}  // namespace
}  // namespace xgops::test
