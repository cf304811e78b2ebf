// SPDX-License-Identifier: MIT
// What is made on behalf of whom.
#include "tasks/leak_scopes.hpp"

#include "xgops/tasks.hpp"
#include "xgops/tasks_abi.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <set>
#include <thread>
#include <utility>

namespace xgops::tasks {
namespace {

class LeakScopesTest : public testing::Test {
 protected:
  LeakScopes& scopes_ = leak_scopes();
  ::xgops_task_thread& state_ = xgops_task_thread_state;  ///< Of the test's thread.
};

TEST_F(LeakScopesTest, CountsWhatLivesInAScopeAndInThoseWithinIt) {
  const LeakScope outer = scopes_.open(0);
  const LeakScope inner = scopes_.open(outer);

  EXPECT_TRUE(scopes_.enter(inner));
  EXPECT_TRUE(scopes_.enter(outer));

  EXPECT_EQ(scopes_.live(inner), 1U);
  EXPECT_EQ(scopes_.live(outer), 2U);
  EXPECT_TRUE(scopes_.is_within(inner, outer));
  EXPECT_TRUE(scopes_.is_within(outer, outer));
  EXPECT_FALSE(scopes_.is_within(outer, inner));
  scopes_.leave(inner);
  scopes_.leave(outer);
  EXPECT_EQ(scopes_.live(outer), 0U);
  scopes_.close(inner);
  scopes_.close(outer);
}

TEST_F(LeakScopesTest, KeepsAClosedScopeAsLongAsSomethingLivesInIt) {
  const LeakScope scope = scopes_.open(0);
  ASSERT_TRUE(scopes_.enter(scope));
  scopes_.close(scope);

  EXPECT_EQ(scopes_.live(scope), 1U);
  EXPECT_TRUE(scopes_.enter(scope)) << "what lives in it makes more";
  scopes_.leave(scope);
  scopes_.leave(scope);

  EXPECT_EQ(scopes_.live(scope), 0U);
  EXPECT_FALSE(scopes_.enter(scope)) << "it is gone";
}

TEST_F(LeakScopesTest, KeepsTheOuterOneAsLongAsTheInnerOne) {
  const LeakScope outer = scopes_.open(0);
  const LeakScope inner = scopes_.open(outer);
  scopes_.close(outer);

  ASSERT_TRUE(scopes_.enter(inner));
  EXPECT_EQ(scopes_.live(outer), 1U);
  scopes_.leave(inner);
  scopes_.close(inner);

  EXPECT_FALSE(scopes_.enter(outer));
}

TEST_F(LeakScopesTest, KeepsAClosedScopeAsLongAsItIsHeld) {
  const LeakScope outer = scopes_.open(0);
  const LeakScope inner = scopes_.open(outer);
  EXPECT_TRUE(scopes_.hold(inner));
  EXPECT_TRUE(scopes_.hold(inner));
  scopes_.close(inner);
  scopes_.close(outer);
  scopes_.release(inner);

  EXPECT_EQ(scopes_.live(outer), 0U);
  ASSERT_TRUE(scopes_.enter(inner));
  EXPECT_EQ(scopes_.live(outer), 1U);
  scopes_.release(inner);
  scopes_.leave(inner);

  EXPECT_FALSE(scopes_.hold(inner));
  EXPECT_FALSE(scopes_.hold(outer));
}

TEST_F(LeakScopesTest, TakesAnyNumberOfScopesOneAfterAnotherWithinAnOpenOne) {
  const LeakScope outer = scopes_.open(0);
  for (std::size_t i = 0; i <= LeakScopes::kMost; ++i) {
    const LeakScope inner = scopes_.open(outer);
    ASSERT_NE(inner, 0U) << i;
    scopes_.close(inner);
  }
  scopes_.close(outer);
}

TEST_F(LeakScopesTest, AreKeptForOperationsThatHaveNotEnded) {
  const LeakScope scope = scopes_.open(0);
  const char first = 0;
  const char second = 0;
  xgops_task_thread_state.leak_scope = scope;
  xgops_pending_add(&first, nullptr, 0, 0, nullptr);
  xgops_pending_add(&second, nullptr, 0, 0, nullptr);
  xgops_task_thread_state.leak_scope = 0;
  scopes_.close(scope);

  EXPECT_TRUE(scopes_.is_within(scope, scope));
  xgops_pending_remove(&first);  // Destroyed: no handler takes its scope.
  xgops_pending_remove(&second);
  EXPECT_TRUE(scopes_.is_within(scope, scope));
  std::thread([&] {
    xgops_task_attach_thread();
    std::swap(xgops_task_thread_state.handler_leak_scope, state_.handler_leak_scope);
  }).join();

  EXPECT_FALSE(scopes_.is_within(scope, scope)) << "a thread ends";
}

TEST_F(LeakScopesTest, DoesNotTakeANewScopeForTheOneThatHadItsPlace) {
  std::set<LeakScope> known;
  for (int i = 0; i < 1000; ++i) {
    const LeakScope scope = scopes_.open(0);
    EXPECT_TRUE(known.insert(scope).second) << i;
    scopes_.close(scope);
    EXPECT_FALSE(scopes_.enter(scope));
  }
}

TEST_F(LeakScopesTest, HasRoomForManyAndSaysWhenThereIsNone) {
  std::set<LeakScope> all;
  for (;;) {
    const LeakScope scope = scopes_.open(0);
    if (scope == 0) {
      break;
    }
    all.insert(scope);
  }
  EXPECT_GT(all.size(), LeakScopes::kMost - 100);
  for (const LeakScope scope : all) {
    scopes_.close(scope);
  }
  const LeakScope again = scopes_.open(0);
  EXPECT_NE(again, 0U);
  scopes_.close(again);
}

TEST_F(LeakScopesTest, GivesTasksTheScopeOfWhoCreatesThem) {
  const LeakScope scope = scopes_.open(0);
  xgops_task_thread_state.leak_scope = scope;
  auto first = std::make_unique<Job>();
  xgops_task_thread_state.leak_scope = 0;
  std::unique_ptr<Job> second;
  {
    const auto running = first->run();
    EXPECT_EQ(current_leak_scope(), scope);
    second = std::make_unique<Job>();
  }
  EXPECT_EQ(current_leak_scope(), 0U);
  const Job other;

  EXPECT_EQ(scopes_.live(scope), 2U);
  first.reset();
  EXPECT_EQ(scopes_.live(scope), 1U) << "what it made lives on";
  second.reset();
  EXPECT_EQ(scopes_.live(scope), 0U);
  scopes_.close(scope);
}

TEST_F(LeakScopesTest, CostsNothingWhileNobodyChecks) {
  EXPECT_EQ(xgops_task_options.load() & detail::kLeakChecks, 0U);
  const LeakScope scope = scopes_.open(0);
  EXPECT_NE(xgops_task_options.load() & detail::kLeakChecks, 0U);
  scopes_.close(scope);
  EXPECT_EQ(xgops_task_options.load() & detail::kLeakChecks, 0U);
}

}  // namespace
}  // namespace xgops::tasks
