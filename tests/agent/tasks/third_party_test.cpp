// SPDX-License-Identifier: MIT
// A coroutine type of a library that knows nothing of us: the generator of range-v3.
#include "seen_task.hpp"
#include "xgops/tasks.hpp"

// The library asks for the macro of the coroutines that came before C++20's.
#define RANGES_CXX_COROUTINES 201902L
#define RANGES_COROUTINES_HEADER <coroutine>
#define RANGES_COROUTINES_NS std
#include <gtest/gtest.h>

#include <coroutine>
#include <cstdint>
#include <utility>

#include <range/v3/experimental/utility/generator.hpp>

namespace xgops::test {
namespace {

constexpr WaitKind kYield{"request for a value"};

struct AtYield : std::suspend_always {
  void await_suspend(std::coroutine_handle<> /*self*/) const noexcept { announce_wait(kYield); }
};
constexpr AtYield kAtYield;

}  // namespace

/// The library's promise comes first: it makes handles from its own address.
template <class Reference>
struct TrackedGenerator : ranges::detail::generator_promise<Reference>, TaskPromise {
  using Library = ranges::detail::generator_promise<Reference>;
  using TaskPromise::await_transform;

  auto initial_suspend() noexcept { return starts(Library::initial_suspend()); }
  auto final_suspend() noexcept { return ends(Library::final_suspend()); }
  // `co_yield` does not pass through `await_transform` by itself.
  template <class Value>
  auto yield_value(Value&& value, CodeLocation location = CodeLocation::current()) {
    Library::yield_value(std::forward<Value>(value));
    return await_transform(kAtYield, location);
  }
};

}  // namespace xgops::test

// All that has to be said, where every coroutine of the type sees it.
template <class Reference, class Value, class... Arguments>
struct std::coroutine_traits<ranges::experimental::generator<Reference, Value>, Arguments...> {
  using promise_type = xgops::test::TrackedGenerator<Reference>;
};

namespace xgops::test {
namespace {

ranges::experimental::generator<int> count_to(int last) {
  for (int i = 1; i <= last; ++i) {
    co_yield i;
  }
}

TEST(ThirdPartyTest, TracksAGeneratorOfALibrary) {
  const std::uint64_t before = task_count();
  auto numbers = count_to(3);
  auto number = numbers.begin();
  EXPECT_EQ(*number, 1);

  const auto all = seen_tasks();

  ASSERT_EQ(all.size(), before + 1);
  const SeenTask& task = all.front();
  EXPECT_EQ(task.state, SeenTask::kWaiting);
  EXPECT_EQ(task.wait, "request for a value");
  EXPECT_EQ(task.chain(), "count_to");
  EXPECT_EQ(task.resumed, 1U);
  EXPECT_EQ(current_task_id(), 0U);

  ++number;
  EXPECT_EQ(*number, 2);
  EXPECT_EQ(seen_task(task.id)->resumed, 2U);
  ++number;
  ++number;
  EXPECT_TRUE(number == numbers.end());
  EXPECT_EQ(task_count(), before);
}

TEST(ThirdPartyTest, ForgetsAGeneratorThatIsGivenUp) {
  const std::uint64_t before = task_count();
  {
    auto numbers = count_to(3);
    EXPECT_EQ(*numbers.begin(), 1);
    EXPECT_EQ(task_count(), before + 1);
  }

  EXPECT_EQ(task_count(), before);
}

}  // namespace
}  // namespace xgops::test
