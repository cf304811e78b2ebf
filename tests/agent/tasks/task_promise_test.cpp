// SPDX-License-Identifier: MIT
// Promise types of the program's own.
#include "xgops/task_promise.hpp"

#include "own_task.hpp"
#include "seen_task.hpp"

#include <gtest/gtest.h>

#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>

namespace xgops::test {
namespace {

OwnTask pause(std::coroutine_handle<>& waiting) {
  co_await Pause{waiting};
}
OwnTask outer(OwnTask& inner) {
  co_await inner;
}
OwnTask outer_then_pause(OwnTask& inner, std::coroutine_handle<>& waiting) {
  co_await inner;
  co_await Pause{waiting};
}
OwnTask middle(std::coroutine_handle<>& waiting) {
  OwnTask inner = pause(waiting);
  co_await inner;
}
OwnTask root(std::coroutine_handle<>& waiting) {
  OwnTask inner = middle(waiting);
  co_await inner;
}
OwnTask nothing() {
  co_return;
}
OwnTask fail() {
  throw std::runtime_error("it");
  co_return;
}
OwnTask pause_in_large_frame(std::coroutine_handle<>& waiting, int& sum) {
  std::array<int, 2000> values{};
  values[1999] = 3;
  co_await Pause{waiting};
  sum = values[1999];
}
OwnTask go_on_at_once() {
  struct Itself {
    bool await_ready() noexcept { return false; }
    OwnTask::Handle await_suspend(OwnTask::Handle self) noexcept { return self; }
    void await_resume() noexcept {}
  };
  co_await Itself{};
}

/// All tasks are recorded as they should be: a new one is made, runs, waits and ends.
void expect_order() {
  const std::uint64_t before = task_count();
  std::coroutine_handle<> waiting;
  OwnTask task = root(waiting);
  task.start();
  const auto seen = seen_task(task.id());
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->state, SeenTask::kWaiting);
  EXPECT_EQ(seen->chain(), "pause middle root");
  EXPECT_EQ(current_task_id(), 0U);
  waiting.resume();
  EXPECT_TRUE(task.done());
  EXPECT_EQ(task_count(), before);
}

TEST(TaskPromiseTest, IsATaskFromItsCreationToItsEnd) {
  const std::uint64_t before = task_count();
  std::coroutine_handle<> waiting;
  OwnTask task = pause(waiting);
  EXPECT_EQ(task_count(), before + 1);
  EXPECT_EQ(seen_task(task.id())->state, SeenTask::kCreated);

  task.start();
  EXPECT_EQ(seen_task(task.id())->state, SeenTask::kWaiting);
  EXPECT_EQ(seen_task(task.id())->resumed, 1U);
  waiting.resume();

  EXPECT_FALSE(seen_task(task.id())) << "it is at its end, though its frame exists";
  EXPECT_EQ(task_count(), before);
}

TEST(TaskPromiseTest, IsAFrameOfTheTaskThatAwaitsIt) {
  const std::uint64_t before = task_count();
  std::coroutine_handle<> waiting;
  OwnTask task = root(waiting);

  task.start();

  EXPECT_EQ(task_count(), before + 1);
  const auto seen = seen_task(task.id());
  ASSERT_EQ(seen->frames.size(), 3U);
  EXPECT_EQ(seen->chain(), "pause middle root");
  for (const auto& frame : seen->frames) {
    EXPECT_GT(frame.line, 0U);
  }
  EXPECT_NE(seen->frames[0].file.find("task_promise_test.cpp"), std::string::npos);
  EXPECT_EQ(seen->wait, "asynchronous operation") << "nobody announced what it is";
}

TEST(TaskPromiseTest, JoinsATaskThatRunsAlready) {
  std::coroutine_handle<> waiting;
  OwnTask running = pause(waiting);
  running.start();
  OwnTask task = outer(running);

  task.start();

  EXPECT_EQ(seen_task(task.id())->wait, "join");
  EXPECT_EQ(seen_task(task.id())->chain(), "outer");
  EXPECT_EQ(seen_task(running.id())->chain(), "pause");
  waiting.resume();
  EXPECT_TRUE(task.done());
  expect_order();
}

TEST(TaskPromiseTest, SurvivesThatACalleeOutlivesItsCaller) {
  std::coroutine_handle<> waiting;
  {
    OwnTask inner = pause(waiting);
    std::optional<OwnTask> task(outer(inner));
    task->start();
    task.reset();
    OwnTask next = pause(waiting);  // Has the record of the task that is gone.
    next.start();
    EXPECT_TRUE(seen_task(next.id()));
  }
  expect_order();
}

TEST(TaskPromiseTest, SurvivesThatAReturnedCalleeIsDestroyedWhileItsCallerWaits) {
  std::coroutine_handle<> inner_waiting;
  std::coroutine_handle<> waiting;
  std::optional<OwnTask> inner(pause(inner_waiting));
  OwnTask task = outer_then_pause(*inner, waiting);
  task.start();
  inner_waiting.resume();
  ASSERT_EQ(seen_task(task.id())->chain(), "outer_then_pause");

  inner.reset();

  ASSERT_TRUE(seen_task(task.id()));
  waiting.resume();
  EXPECT_TRUE(task.done());
  EXPECT_EQ(current_task_id(), 0U);
  expect_order();
}

TEST(TaskPromiseTest, SurvivesAnExceptionThatLeavesIt) {
  {
    OwnTask task = fail();
    EXPECT_THROW(task.start(), std::runtime_error);
  }

  EXPECT_EQ(current_task_id(), 0U);
  expect_order();
}

struct Closed {
  bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> /*self*/) { throw std::runtime_error("closed"); }
  void await_resume() noexcept {}
};
OwnTask awaits_what_throws(std::coroutine_handle<>& waiting, std::uint64_t& id) {
  try {
    co_await Closed{};
  } catch (const std::runtime_error&) {
    id = current_task_id();
  }
  co_await Pause{waiting};
}

TEST(TaskPromiseTest, GoesOnWhenItsAwaiterThrows) {
  std::coroutine_handle<> waiting;
  std::uint64_t id = 0;
  OwnTask task = awaits_what_throws(waiting, id);
  task.start();

  EXPECT_EQ(id, task.id());
  EXPECT_EQ(current_task_id(), 0U);
  const auto seen = seen_task(task.id());
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->state, SeenTask::kWaiting);
  waiting.resume();
  EXPECT_TRUE(task.done());
  expect_order();
}

/// One that need not get memory for its frame.
struct Modest {
  struct promise_type : TaskPromise {
    static void* operator new(std::size_t bytes) noexcept { return std::malloc(bytes); }
    static void operator delete(void* memory) noexcept { std::free(memory); }
    static Modest get_return_object_on_allocation_failure() { return {}; }
    Modest get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    auto initial_suspend() noexcept { return starts(std::suspend_always{}); }
    auto final_suspend() noexcept { return ends(std::suspend_always{}); }
    void return_void() noexcept {}
    void unhandled_exception() { throw; }
  };
  std::coroutine_handle<promise_type> handle = {};
};
Modest modest() {
  co_return;
}

TEST(TaskPromiseTest, MayBeMadeWithoutThrowing) {
  const Modest task = modest();

  ASSERT_TRUE(task.handle);
  EXPECT_TRUE(seen_task(task.handle.promise().task_id()));
  task.handle.resume();
  EXPECT_TRUE(task.handle.done());
  task.handle.destroy();
}

/// Yields numbers to whoever resumes it.
class Numbers {
 public:
  struct promise_type : TaskPromise {
    Numbers get_return_object() {
      return Numbers(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    auto initial_suspend() noexcept { return starts(std::suspend_always{}); }
    auto final_suspend() noexcept { return ends(std::suspend_always{}); }
    auto yield_value(int value) {
      last = value;
      return yields(std::suspend_always{});
    }
    void return_void() noexcept {}
    void unhandled_exception() { throw; }

    int last = 0;
  };

  explicit Numbers(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  Numbers(const Numbers&) = delete;
  Numbers& operator=(const Numbers&) = delete;
  ~Numbers() { handle_.destroy(); }

  int next() {
    handle_.resume();
    return handle_.promise().last;
  }
  [[nodiscard]] std::uint64_t id() const { return handle_.promise().task_id(); }

 private:
  std::coroutine_handle<promise_type> handle_;
};
Numbers count() {
  for (int i = 1;; ++i) {
    co_yield i;
  }
}

TEST(TaskPromiseTest, WaitsWhereItYields) {
  Numbers numbers = count();

  for (int i = 1; i < 4; ++i) {
    EXPECT_EQ(numbers.next(), i);
    EXPECT_EQ(current_task_id(), 0U);
    const auto seen = seen_task(numbers.id());
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->state, SeenTask::kWaiting);
  }
}

TEST(TaskPromiseTest, SurvivesAnAwaiterThatReturnsTheCoroutineItself) {
  OwnTask task = go_on_at_once();

  task.start();

  EXPECT_TRUE(task.done());
  expect_order();
}

TEST(TaskPromiseTest, CanBeDestroyedAnywhereOnItsWay) {
  const std::uint64_t before = task_count();
  std::coroutine_handle<> waiting;
  { const OwnTask task = root(waiting); }
  {
    OwnTask task = root(waiting);
    task.start();
  }
  {
    OwnTask task = nothing();
    task.start();
  }

  EXPECT_EQ(task_count(), before);
  EXPECT_EQ(current_task_id(), 0U);
  expect_order();
}

TEST(TaskPromiseTest, ShowsFramesThatAreTooLargeForTheArena) {
  std::coroutine_handle<> waiting;
  int sum = 0;
  OwnTask task = pause_in_large_frame(waiting, sum);

  task.start();

  EXPECT_EQ(seen_task(task.id())->chain(), "pause_in_large_frame");
  waiting.resume();
  EXPECT_EQ(sum, 3);
}

TEST(TaskPromiseTest, CountsHowOftenItWasResumed) {
  std::coroutine_handle<> waiting;
  OwnTask inner = pause(waiting);
  OwnTask task = outer_then_pause(inner, waiting);

  task.start();
  waiting.resume();

  EXPECT_EQ(seen_task(task.id())->resumed, 2U);
}

}  // namespace
}  // namespace xgops::test
