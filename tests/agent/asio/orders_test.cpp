// SPDX-License-Identifier: MIT
// Tasks end in every order: cancelled, destroyed, thrown out of, on executors of others. What the
// registry has afterwards is nothing, and what it has meanwhile is consistent.
#include "tasks/registry.hpp"
#include "tasks/snapshot.hpp"

#include <asio.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/experimental/channel.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace xgops::tasks {
namespace {

using asio::awaitable;
using asio::co_spawn;
using asio::detached;
using asio::use_awaitable;
using Channel = asio::experimental::channel<void(asio::error_code, int)>;

std::vector<TaskSighting> all_tasks() {
  std::vector<TaskSighting> found;
  TaskReader(registry()).read({}, [&](const TaskSighting& task) {
    found.push_back(task);
    found.back().frames = {};
  });
  return found;
}

/// A loop that is none of Asio's, as a user interface has one.
class OwnLoop : public asio::execution_context {
 public:
  template <class Function>
  void push(Function function) {
    auto shared = std::make_shared<Function>(std::move(function));
    queue_.emplace_back([shared] { (*shared)(); });
  }
  void run() {
    while (!queue_.empty()) {
      const auto next = std::move(queue_.front());
      queue_.pop_front();
      next();
    }
  }

 private:
  std::deque<std::function<void()>> queue_;
};

class OwnExecutor {
 public:
  explicit OwnExecutor(OwnLoop& loop) : loop_(&loop) {}

  asio::execution_context& query(asio::execution::context_t /*what*/) const noexcept {
    return *loop_;
  }
  static constexpr asio::execution::blocking_t::never_t query(
      asio::execution::blocking_t /*what*/) noexcept {
    return asio::execution::blocking.never;
  }
  template <class Function>
  void execute(Function function) const {
    loop_->push(std::move(function));
  }
  friend bool operator==(const OwnExecutor& a, const OwnExecutor& b) noexcept {
    return a.loop_ == b.loop_;
  }
  friend bool operator!=(const OwnExecutor& a, const OwnExecutor& b) noexcept { return !(a == b); }

 private:
  OwnLoop* loop_;
};

awaitable<void> wait_on(asio::io_context& context) {
  asio::steady_timer timer(context, std::chrono::hours(1));
  co_await timer.async_wait(use_awaitable);
}
awaitable<void> wait_for(asio::steady_timer& timer) {
  co_await timer.async_wait(use_awaitable);
}
awaitable<void> receive_from(Channel& channel) {
  co_await channel.async_receive(use_awaitable);
}

// What a task leaves behind when its operation is destroyed was taken for the next one's.
TEST(ForeignExecutorTest, ACallbackIsNotTakenForTheOperationOfATaskThatHasEnded) {
  OwnLoop loop;
  const asio::any_io_executor executor{OwnExecutor(loop)};
  {
    asio::io_context context;
    asio::steady_timer timer(context, std::chrono::hours(1));
    co_spawn(executor, wait_for(timer), detached);
    loop.run();
    ASSERT_EQ(all_tasks().size(), 1U);
  }
  loop.run();
  ASSERT_TRUE(all_tasks().empty());
  asio::io_context next;
  asio::steady_timer timer(next, std::chrono::hours(1));
  timer.async_wait([](asio::error_code) {});

  EXPECT_TRUE(all_tasks().empty());
  for (int i = 0; i < 100; ++i) {
    co_spawn(next, wait_on(next), detached);
  }
  next.poll();
  EXPECT_EQ(all_tasks().size(), 100U);
}

TEST(ForeignExecutorTest, ACallbackIsNotTakenForTheOperationOfATaskThatItWakes) {
  OwnLoop loop;
  asio::io_context context;
  Channel channel(context, 1);
  co_spawn(asio::any_io_executor{OwnExecutor(loop)}, receive_from(channel), detached);
  loop.run();
  asio::steady_timer timer(context, std::chrono::hours(1));

  asio::post(context, [&] {
    EXPECT_TRUE(channel.try_send(asio::error_code(), 1));
    timer.async_wait([](asio::error_code) {});
  });
  context.poll();

  const auto tasks = all_tasks();
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_NE(tasks[0].argument_kind, detail::kArgumentExpiry) << "that is the callback's";
  loop.run();
  EXPECT_TRUE(all_tasks().empty());
  EXPECT_EQ(xgops_task_thread_state.current, 0U);
}

// Whoever was given the handler may have resumed the task before the initiation returns.
TEST(HandOffTest, NothingIsWrittenIntoATaskThatRunsElsewhere) {
  asio::io_context context;
  asio::steady_timer timeout(context);
  std::atomic<int> phase{0};
  std::thread library;
  const auto task = [&]() -> awaitable<void> {
    const auto initiate = [&](auto handler) {
      // Once the task runs elsewhere, this object is gone.
      std::atomic<int>& step = phase;
      asio::io_context& where = context;
      asio::steady_timer& timer = timeout;
      std::thread& other = library;
      static_cast<void>(asio::get_associated_allocator(handler));
      other = std::thread([handler = std::move(handler)]() mutable { std::move(handler)(); });
      while (step != 1) {
        std::this_thread::yield();
      }
      timer.expires_after(std::chrono::hours(1));
      timer.async_wait([](asio::error_code) {});
      co_spawn(where, wait_on(where), detached);
      step = 2;
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(initiate, use_awaitable);
    phase = 1;
    while (phase != 2) {
      std::this_thread::yield();
    }
    std::size_t running = 0;
    for (const TaskSighting& seen : all_tasks()) {
      running += seen.state == detail::kTaskRunning ? 1U : 0U;
    }
    EXPECT_EQ(running, 1U) << "it is this one";
  };
  co_spawn(context, task, detached);

  context.poll();
  library.join();

  EXPECT_EQ(all_tasks().size(), 1U) << "the other one, which waits";
  EXPECT_EQ(xgops_task_thread_state.current, 0U);
}

/// Coroutines of `Play` that exist and are tasks.
std::size_t g_roots = 0;

/// Coroutines that do something at random, and what may be done to them.
class Play {
 public:
  /// Asio 1.22 itself does not survive all of it: a group that is cancelled while it is started, or
  /// is in another group, uses what is gone.
  enum class With : std::uint8_t { kGroups, kCancellation };

  Play(unsigned seed, With with) : random_(seed), with_(with) {}

  void run() {
    for (int step = 0; step < 200; ++step) {
      play(static_cast<int>(random_() % 8));
      check();
    }
    finish();
  }

 private:
  struct Life {
    asio::cancellation_signal signal;
  };
  /// Lives in the frame of a coroutine that is a task: counts them without any registry.
  class Root {
   public:
    explicit Root(bool counts) : counts_(counts) { g_roots += counts_ ? 1U : 0U; }
    Root(Root&& other) noexcept : counts_(std::exchange(other.counts_, false)) {}
    Root& operator=(Root&&) = delete;
    Root(const Root&) = delete;
    Root& operator=(const Root&) = delete;
    ~Root() { g_roots -= counts_ ? 1U : 0U; }

   private:
    bool counts_;
  };

  awaitable<int> task(int depth) { return work(depth, Root(true)); }

  awaitable<int> leaf(Root /*root*/) {
    switch (random_() % 3) {
      case 0:
        co_await asio::post(use_awaitable);
        co_return 0;
      case 1:
        throw std::runtime_error("at random");
      default: {
        asio::steady_timer timer(context(), std::chrono::milliseconds(random_() % 2));
        co_await timer.async_wait(use_awaitable);
        co_return 0;
      }
    }
  }

  awaitable<int> work(int depth, Root /*root*/) {
    using namespace asio::experimental::awaitable_operators;
    const auto kind = random_() % 9;
    if (depth > 0 && kind < 4) {
      const int result = co_await work(depth - 1, Root(false));
      co_return result + 1;
    }
    switch (kind) {
      case 0:
        co_await asio::post(use_awaitable);
        co_return 0;
      case 1:
        throw std::runtime_error("at random");
      case 2: {
        asio::steady_timer timer(context(), std::chrono::hours(1));
        co_await timer.async_wait(use_awaitable);
        co_return 0;
      }
      case 3:
        co_await channel_->async_receive(use_awaitable);
        co_return 0;
      case 4:
        if (with_ == With::kGroups) {
          co_await (leaf(Root(true)) && leaf(Root(true)));
        }
        co_return 0;
      case 5:
        if (with_ == With::kGroups) {
          co_await (leaf(Root(true)) || leaf(Root(true)));
        }
        co_return 0;
      case 6:
        co_return co_await co_spawn(context(), task(0), use_awaitable);
      case 7:
        co_spawn(context(), task(1), [](const std::exception_ptr&, int) {});
        co_return 0;
      default:
        (co_await asio::this_coro::cancellation_state).slot();
        co_await asio::dispatch(use_awaitable);
        co_return 0;
    }
  }

  void play(int move) {
    switch (move) {
      case 0:
      case 1:
      case 2: {
        Life& life = lives_.emplace_back();
        co_spawn(context(), task(static_cast<int>(random_() % 4)),
                 asio::bind_cancellation_slot(life.signal.slot(),
                                              [](const std::exception_ptr&, int) {}));
        break;
      }
      case 3:
      case 4:
        context().restart();
        context().poll_one();
        break;
      case 5:
        if (!lives_.empty() && with_ == With::kCancellation) {
          auto life = lives_.begin();
          std::advance(life, static_cast<std::ptrdiff_t>(random_() % lives_.size()));
          life->signal.emit(random_() % 2 == 0 ? asio::cancellation_type::terminal
                                               : asio::cancellation_type::all);
        }
        break;
      case 6:
        channel_->try_send(asio::error_code(), 1);
        break;
      default:
        if (random_() % 16 == 0) {
          finish();
          start();
        }
        break;
    }
  }

  void start() {
    context_.emplace();
    channel_.emplace(*context_, 1);
  }
  /// Destroys everything, in one order or another.
  void finish() {
    if (random_() % 2 == 0) {
      channel_->cancel();
      context_->restart();
      context_->poll();
    }
    channel_.reset();
    context_.reset();
    lives_.clear();
    // Asio 1.22 loses a coroutine now and then: that is still there, and so is its task.
    EXPECT_EQ(all_tasks().size(), g_roots);
  }

  void check() const {
    std::size_t seen = 0;
    TaskReader(registry()).read({}, [&](const TaskSighting& task) {
      ++seen;
      EXPECT_EQ(task.consistency, Consistency::kExact) << "nothing moves meanwhile";
      EXPECT_NE(task.state, detail::kTaskRunning);
    });
    EXPECT_EQ(registry().counts().live, seen);
    EXPECT_EQ(xgops_task_thread_state.current, 0U);
  }

  asio::io_context& context() { return *context_; }

  std::mt19937 random_;
  const With with_;
  std::list<Life> lives_;
  std::optional<asio::io_context> context_{std::in_place};
  std::optional<Channel> channel_{std::in_place, *context_, 1};
};

// A sanitizer makes each of them ten times as long.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr unsigned kSeeds = 40;
#else
constexpr unsigned kSeeds = 200;
#endif

unsigned seeds() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread is started.
  const char* const wished = std::getenv("XGOPS_ORDER_SEEDS");
  return wished == nullptr ? kSeeds : static_cast<unsigned>(std::strtoul(wished, nullptr, 10));
}

TEST(OrdersTest, LeaveNothingBehind) {
  for (unsigned seed = 0; seed < seeds(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Play(seed, seed % 2 == 0 ? Play::With::kGroups : Play::With::kCancellation).run();
    if (HasFailure()) {
      return;
    }
  }
}

}  // namespace
}  // namespace xgops::tasks
