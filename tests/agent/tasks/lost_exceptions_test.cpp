// SPDX-License-Identifier: MIT
// Exceptions that end a task of which nobody is told.
#include "tasks/lost_exceptions.hpp"

#include "xgops/tasks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <coroutine>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace xgops::tasks {
namespace {

/// A coroutine that starts at once, and of which nobody hears again.
struct Detached {
  struct promise_type : TaskPromise {
    Detached get_return_object() noexcept { return {}; }
    auto initial_suspend() noexcept { return starts(std::suspend_never{}); }
    auto final_suspend() noexcept { return ends(std::suspend_never{}); }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { lose_exception(); }
  };
};

Detached fails_with(std::string what) {
  name_task("loser");
  co_await std::suspend_never{};
  throw std::out_of_range(what);
}
Detached fails_with_a_number() {
  co_await std::suspend_never{};
  throw 42;  // NOLINT(hicpp-exception-baseclass): programs do.
}

/// The entries of a type, by what it was created with.
std::vector<LostException> lost_of(const char* type) {
  auto all = lost_exceptions().list();
  std::erase_if(all, [type](const auto& lost) { return std::strcmp(lost.type.data(), type) != 0; });
  return all;
}

TEST(LostExceptionsTest, AreCountedByTypeWithWhatTheLastOneSaid) {
  fails_with("first");
  fails_with("second");

  const auto lost = lost_of("St12out_of_range");

  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].count, 2U);
  EXPECT_STREQ(lost[0].what.data(), "second");
  EXPECT_STREQ(lost[0].name.data(), "loser");
  EXPECT_NE(lost[0].last_task, 0U);
  EXPECT_NE(lost[0].place, 0U);
}

TEST(LostExceptionsTest, NeedNotBeOfAClass) {
  fails_with_a_number();

  const auto lost = lost_of("i");

  ASSERT_EQ(lost.size(), 1U);
  EXPECT_STREQ(lost[0].what.data(), "");
}

TEST(LostExceptionsTest, CutLongTexts) {
  fails_with(std::string(5000, 'x'));

  const auto lost = lost_of("St12out_of_range");

  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(std::strlen(lost[0].what.data()), lost[0].what.size() - 1);
}

TEST(LostExceptionsTest, CountWhatHasNoRoom) {
  LostExceptions few;
  LostException each;
  for (std::size_t i = 0; i < LostExceptions::kMost + 3; ++i) {
    each.created_at = i;
    few.add(each);
  }

  EXPECT_EQ(few.list().size(), LostExceptions::kMost);
  EXPECT_EQ(few.unlisted(), 3U);
}

TEST(LostExceptionsTest, MayComeFromManyThreads) {
  LostExceptions some;
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < 4; ++i) {
    threads.emplace_back([&some, i] {
      LostException each;
      each.created_at = i % 2;
      for (int turn = 0; turn < 1000; ++turn) {
        some.add(each);
      }
    });
  }
  while (some.list().size() < 2) {
    std::this_thread::yield();
  }
  for (std::thread& thread : threads) {
    thread.join();
  }

  std::uint64_t total = some.unlisted();
  for (const LostException& each : some.list()) {
    total += each.count;
  }
  EXPECT_EQ(total, 4000U);
}

}  // namespace
}  // namespace xgops::tasks
