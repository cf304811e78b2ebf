// SPDX-License-Identifier: MIT
// Programs that do nothing wrong, however long and however many they wait.
#include "clock.hpp"
#include "leaks.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace kernels {
namespace {

using namespace std::chrono_literals;
using Signals = Channel<int>;

constexpr int kMany = 1001;

Task<> receive(Signals& channel) {
  co_await channel.receive();
}
Task<> notify_all(Condition<Mutex>& changed) {
  changed.notify_all();
  co_return;
}

// contention: very many, and all of them end. The check waits for them while they run.
struct Pair {
  Signals channel{1};
  WaitGroup group{1};
};
Task<> receive_of(std::shared_ptr<Pair> pair) {
  pair->group.done();
  co_await pair->channel.receive();
}
Task<> send_of(std::shared_ptr<Pair> pair) {
  co_await pair->group.wait();
  co_await pair->channel.send(1);
}
void contention(Scene& scene) {
  constexpr int kPairs = 100'000;
  for (int i = 0; i < kPairs; ++i) {
    const auto pair = std::make_shared<Pair>();
    scene.executor.spawn(receive_of(pair));
    scene.executor.spawn(send_of(pair));
  }
}

// timer: many are asleep, and are looked at again and again.
void timer(Scene& scene) {
  auto& clock = scene.make<Clock>();
  for (int i = 0; i < kMany; ++i) {
    scene.executor.spawn(receive(clock.after(5s)));
  }
  for (int i = 0; i < 10; ++i) {
    scene.executor.run_until_idle();
    scene.look();
    clock.advance(500ms);
  }
}

// signal: many wait for one, which comes.
volatile std::sig_atomic_t g_signalled = 0;
void signal(Scene& scene) {
  auto& signalled = scene.make<Signals>();
  g_signalled = 0;
  const auto before = std::signal(SIGTERM, [](int) { g_signalled = 1; });
  for (int i = 0; i < kMany; ++i) {
    scene.executor.spawn(receive(signalled));
  }
  scene.executor.run_until_idle();
  scene.look();
  static_cast<void>(std::raise(SIGTERM));
  if (g_signalled != 0) {
    signalled.close();
  }
  static_cast<void>(std::signal(SIGTERM, before));
}

// simple: one primitive each, and many who want it.
void simple_mutex(Scene& scene) {
  auto& mutex = scene.make<Mutex>();
  for (int i = 0; i < 100; ++i) {
    scene.executor.spawn([](Mutex& shared) -> Task<> {
      const auto lock = co_await shared.scoped();
      co_await yield();
    }(mutex));
  }
}
void simple_wait_group(Scene& scene) {
  auto& group = scene.make<WaitGroup>(10);
  scene.executor.spawn([](WaitGroup& all) -> Task<> { co_await all.wait(); }(group));
  for (int i = 0; i < 10; ++i) {
    scene.members(group, {scene.executor.spawn([](WaitGroup& all) -> Task<> {
                    co_await yield();
                    all.done();
                  }(group))});
  }
}
void simple_condition(Scene& scene) {
  auto& mutex = scene.make<Mutex>();
  auto& changed = scene.make<Condition<Mutex>>(mutex);
  for (int i = 0; i < 10; ++i) {
    scene.executor.spawn([](Mutex& shared, Condition<Mutex>& condition) -> Task<> {
      const auto lock = co_await shared.scoped();
      co_await condition.wait();
    }(mutex, changed));
  }
  scene.notifiers(changed, {scene.executor.spawn(notify_all(changed))});
}
void contended_close(Scene& scene) {
  auto& channel = scene.make<Signals>();
  for (int i = 0; i < 100; ++i) {
    scene.executor.spawn(receive(channel));
  }
  scene.ends(channel, {scene.executor.spawn([](Signals& closing) -> Task<> {
               co_await yield();
               closing.close();
             }(channel))});
}
void no_blocks(Scene& scene) {
  for (int i = 0; i < 100; ++i) {
    scene.executor.spawn([]() -> Task<> { co_return; }());
  }
}

// creation: each makes the next one, while the check waits.
Task<> make_next(Executor& executor, int rest) {
  if (rest > 0) {
    executor.spawn(make_next(executor, rest - 1));
  }
  co_return;
}
void creation(Scene& scene) {
  scene.executor.spawn(make_next(scene.executor, 20'000));
}

// bouncing-callback: two hand callbacks to and fro through channels that only closures know.
using Callback = std::function<Task<>()>;
Task<> bounce(Callback receives_and_sends, Signals& stop) {
  std::optional<int> value;
  while (!try_select(stop.receiving(value))) {
    co_await receives_and_sends();
  }
}
void bouncing_callback(Scene& scene) {
  auto& clock = scene.make<Clock>();
  auto& stop = scene.make<Signals>();
  for (int i = 0; i < 100; ++i) {
    const auto there = std::make_shared<Signals>(1);
    const auto back = std::make_shared<Signals>(1);
    Signals& tick = clock.every(1ms);
    scene.executor.spawn(bounce(
        [=, &tick, &stop]() -> Task<> {
          std::optional<int> value;
          if (co_await select(tick.receiving(value), stop.receiving(value)) == 0) {
            co_await there->send(1);
            co_await back->receive();
          }
        },
        stop));
    scene.executor.spawn(bounce(
        [=, &stop]() -> Task<> {
          std::optional<int> value;
          if (co_await select(there->receiving(value), stop.receiving(value)) == 0) {
            co_await back->send(1);
          }
        },
        stop));
  }
  for (int i = 0; i < 5; ++i) {
    scene.executor.run_until_idle();
    scene.look();
    clock.advance(1ms);
  }
  scene.executor.run_until_idle();
  stop.close();
}

// chan-in-closure: a channel that only captured variables lead to.
void channel_in_closure(Scene& scene) {
  const auto channel = std::make_shared<Signals>();
  const std::function<void()> close = [channel] { channel->close(); };
  scene.executor.spawn(
      [](std::shared_ptr<Signals> mine) -> Task<> { co_await mine->receive(); }(channel));
  scene.executor.run_until_idle();
  scene.look();
  close();
}

// defer: what a task that waits has to clean up is cleaned up when it ends, not when it is seen.
class Cleanup {
 public:
  explicit Cleanup(bool& is_done) : is_done_(is_done) {}
  ~Cleanup() { is_done_ = true; }
  Cleanup(const Cleanup&) = delete;
  Cleanup& operator=(const Cleanup&) = delete;

 private:
  bool& is_done_;
};
Task<> wait_and_clean_up(Signals& channel, bool& is_done) {
  const Cleanup cleanup(is_done);
  co_await channel.receive();
}
void defer(Scene& scene) {
  auto& channel = scene.make<Signals>();
  auto& is_done = scene.make<bool>(false);
  scene.executor.spawn(wait_and_clean_up(channel, is_done));
  scene.executor.run_until_idle();
  scene.look();
  if (!is_done) {
    channel.close();  // Else the task stays, and is a false positive.
  }
}

// What the projects did about the kernels, on two threads in an order of their own.
void fixed_kernels(Scene& scene) {
  auto& scenes = scene.make<std::vector<std::unique_ptr<Scene>>>();
  for (const auto* const entries : {&kernel_entries(), &pattern_entries()}) {
    for (const Entry& entry : *entries) {
      scenes.push_back(std::make_unique<Scene>(true, true, 2));
      entry.run(*scenes.back());
      scenes.back()->executor.run_until_idle();
    }
  }
  scenes.clear();  // With their threads.
}

// ticker: many wait for a ticker that goes on, and who made it is gone.
void ticker(Scene& scene) {
  auto& clock = scene.make<Clock>();
  auto& stop = scene.make<Signals>();
  Signals& tick = clock.every(1s);
  for (int i = 0; i < kMany; ++i) {
    scene.executor.spawn([](Signals& ticks, Signals& stopped) -> Task<> {
      std::optional<int> value;
      while (co_await select(ticks.receiving(value), stopped.receiving(value)) == 0) {
      }
    }(tick, stop));
  }
  for (int i = 0; i < 10; ++i) {
    scene.executor.run_until_idle();
    scene.look();
    clock.advance(1s);
  }
  scene.executor.run_until_idle();
  stop.close();
}

}  // namespace

const std::vector<Control>& negative_controls() {
  static const std::vector<Control> all{
      {"correct/contention", contention, 2},
      {"correct/timer", timer},
      {"correct/signal", signal},
      {"correct/simple/mutex", simple_mutex},
      {"correct/simple/waitgroup", simple_wait_group},
      {"correct/simple/cond", simple_condition},
      {"correct/simple/contended-close", contended_close},
      {"correct/simple/no-blocks", no_blocks},
      {"correct/creation", creation, 2},
      {"correct/bouncing-callback", bouncing_callback},
      {"correct/chan-in-closure", channel_in_closure},
      {"correct/defer", defer},
      {"correct/fixed-kernels", fixed_kernels},
      {"deadlock/simple/ticker", ticker},
  };
  return all;
}

}  // namespace kernels
