// SPDX-License-Identifier: MIT
// What articles on leaks show, as far as it needs nothing but tasks. Their other scenarios are
// tests of their own: scenario_test.cpp, io_scenarios.cpp.
#include "clock.hpp"
#include "leaks.hpp"

#include <chrono>
#include <optional>
#include <thread>
#include <vector>

namespace kernels {
namespace {

using namespace std::chrono_literals;
using Signals = Channel<int>;
using Value = std::optional<int>;

Task<> send(Signals& channel) {
  co_await channel.send(1);
}
Task<> receive(Signals& channel) {
  co_await channel.receive();
}
Task<> close(Signals& channel) {
  channel.close();
  co_return;
}

// S01, S24: nobody receives.
void send_to_nobody(Scene& scene) {
  auto& channel = scene.make<Signals>();
  scene.ends(channel, {scene.executor.spawn(send(channel))});
}
void many_send_to_nobody(Scene& scene) {
  auto& channel = scene.make<Signals>();
  scene.ends(channel, {});
  for (int i = 0; i < 10; ++i) {
    scene.executor.spawn(send(channel));
  }
}

// S02: never ends, and sleeps most of the time.
Task<> sleep_for_ever(Clock& clock) {
  for (;;) {
    co_await clock.sleep(1s);
  }
}
void endless_sleeper(Scene& scene) {
  auto& clock = scene.make<Clock>();
  scene.executor.spawn(sleep_for_ever(clock));
  for (int turn = 0; turn < 3; ++turn) {
    scene.executor.run_until_idle();
    clock.advance(1s);
  }
}

// S07: without a receiver; in the twin it gives up when it is cancelled.
Task<> send_unless(Signals& channel, Signals& cancelled) {
  int value = 1;
  Value nothing;
  co_await select(channel.sending(value), cancelled.receiving(nothing));
}
void bad_channel_use(Scene& scene) {
  auto& channel = scene.make<Signals>();
  auto& cancelled = scene.make<Signals>();
  scene.ends(channel, {});
  scene.executor.spawn(scene.fixed ? send_unless(channel, cancelled) : send(channel));
  scene.executor.spawn(close(cancelled));
}

/// Busy until it is told to stop.
Task<> spin(const std::atomic<bool>& stopped, std::atomic<int>& running) {
  ++running;
  while (!stopped) {
  }
  co_return;
}
/// Until so many are busy on threads of their own.
void spin_many(Scene& scene, int count) {
  auto& running = scene.make<std::atomic<int>>(0);
  scene.stopped = scene.fixed;
  for (int i = 0; i < count; ++i) {
    scene.executor.spawn(spin(scene.stopped, running));
  }
  while (running < count) {
    std::this_thread::yield();
  }
}
// S08, S29: busy loops; nobody can tell them from work.
void busy_worker(Scene& scene) {
  spin_many(scene, 1);
}
void busy_workers(Scene& scene) {
  spin_many(scene, 10);
}

// S10: a livelock only yields.
Task<> yield_for_ever(const std::atomic<bool>& stopped, std::atomic<int>& turns) {
  while (!stopped) {
    ++turns;
    co_await yield();
  }
}
void livelock(Scene& scene) {
  auto& turns = scene.make<std::atomic<int>>(0);
  scene.executor.spawn(yield_for_ever(scene.stopped, turns));
  while (turns < 100) {
    std::this_thread::yield();
  }
  scene.stopped = scene.fixed;
}

// S12: a service whose three workers are never stopped.
Task<> serve(Clock& clock, Signals& cancelled) {
  Value value;
  while (co_await select(cancelled.receiving(value), clock.after(100ms).receiving(value)) == 1) {
  }
}
void forgotten_stop(Scene& scene) {
  auto& clock = scene.make<Clock>();
  auto& cancelled = scene.make<Signals>();
  for (int i = 0; i < 3; ++i) {
    scene.executor.spawn(serve(clock, cancelled));
  }
  for (int i = 0; i < 3; ++i) {
    scene.executor.run_until_idle();
    clock.advance(100ms);
  }
  scene.executor.run_until_idle();
  if (scene.fixed) {
    cancelled.close();
  }
}

// S14, S27: the first one never unlocks, and has ended.
Task<> lock_and_forget(Mutex& mutex, bool fixed) {
  co_await mutex.lock();
  if (fixed) {
    mutex.unlock();
  }
}
void lock_many(Scene& scene, int count) {
  auto& mutex = scene.make<Mutex>();
  for (int i = 0; i < count; ++i) {
    scene.executor.spawn(lock_and_forget(mutex, scene.fixed));
  }
}
void waiters_pile_up(Scene& scene) {
  lock_many(scene, 6);
}
void ten_lock(Scene& scene) {
  lock_many(scene, 10);
}

// S15: three are asked, one answer is enough; four times.
Task<> query(Scene& scene, Signals& answers) {
  for (int i = 0; i < 3; ++i) {
    scene.ends(answers, {scene.executor.spawn(send(answers))});
  }
  scene.ends(answers, {}, {xgops::current_task_id()});
  co_await answers.receive();
}
void redundant_queries(Scene& scene) {
  for (int call = 0; call < 4; ++call) {
    scene.executor.spawn(query(scene, scene.make<Signals>(scene.fixed ? 3 : 0)));
    scene.executor.run_until_idle();
  }
}

// S16, S25: nobody sends.
void receive_from_nobody(Scene& scene) {
  auto& channel = scene.make<Signals>();
  scene.ends(channel, {}, {scene.executor.spawn(receive(channel))});
}
void many_receive_from_nobody(Scene& scene) {
  auto& channel = scene.make<Signals>();
  scene.ends(channel, {});
  for (int i = 0; i < 10; ++i) {
    scene.executor.spawn(receive(channel));
  }
}

// S17, S18, S23: channels that were never made; in S18 others go on meanwhile.
Task<> send_to_no_channel() {
  co_await send_to_nil();
}
Task<> receive_from_no_channel() {
  co_await receive_from_nil();
}
void nil_send(Scene& scene) {
  scene.executor.spawn(send_to_no_channel());
}
void nil_receive(Scene& scene) {
  scene.executor.spawn(receive_from_no_channel());
}
void many_nil_receive(Scene& scene) {
  for (int i = 0; i < 10; ++i) {
    scene.executor.spawn(receive_from_no_channel());
  }
}

// S22: the causes that are named: a dead loop, channels, locks.
void named_causes(Scene& scene) {
  auto& channel = scene.make<Signals>();
  auto& mutex = scene.make<Mutex>();
  scene.ends(channel, {});
  scene.executor.spawn(send(channel));
  scene.executor.spawn(lock_and_forget(mutex, false));
  scene.executor.spawn(lock_and_forget(mutex, false));
  while (channel.waiting_senders() == 0 || mutex.waiting() == 0) {
    std::this_thread::yield();
  }
  spin_many(scene, 1);
}

// S28: a wait group of one, who ends without a word.
Task<> forget_done(WaitGroup& group, bool fixed) {
  if (fixed) {
    group.done();
  }
  co_return;
}
Task<> wait_for_all(WaitGroup& group) {
  co_await group.wait();
}
void forgotten_done(Scene& scene) {
  auto& group = scene.make<WaitGroup>(1);
  scene.executor.spawn(wait_for_all(group));
  scene.members(group, {scene.executor.spawn(forget_done(group, scene.fixed))});
}

}  // namespace

const std::vector<Entry>& scenario_entries() {
  static const std::vector<Entry> all{
      {"S01", send_to_nobody, {{"chan_send", 1, 1}}, false},
      {"S02", endless_sleeper, {{"sleep", 1, 0}}, false},
      {"S07", bad_channel_use, {{"chan_send", 1, 1}}},
      {"S08", busy_worker, {{"running", 1, 0}}, true, 1},
      {"S10", livelock, {{"yielding", 1, 0}}, true, 1},
      {"S12", forgotten_stop, {{"select", 3, 0}}},
      {"S14", waiters_pile_up, {{"mutex_lock", 5, 5}}},
      {"S15", redundant_queries, {{"chan_send", 8, 8}}},
      {"S16", receive_from_nobody, {{"chan_recv", 1, 1}}, false},
      {"S17", nil_send, {{"chan_send_nil", 1, 1}}, false},
      {"S18", nil_receive, {{"chan_recv_nil", 1, 1}}, false, 0, endless_sleeper},
      {"S22",
       named_causes,
       {{"chan_send", 1, 1}, {"mutex_lock", 1, 1}, {"running", 1, 0}},
       false,
       2},
      {"S23", many_nil_receive, {{"chan_recv_nil", 10, 10}}, false},
      {"S24", many_send_to_nobody, {{"chan_send", 10, 10}}, false},
      {"S25", many_receive_from_nobody, {{"chan_recv", 10, 10}}, false},
      {"S27", ten_lock, {{"mutex_lock", 9, 9}}},
      {"S28", forgotten_done, {{"waitgroup_wait", 1, 1}}},
      {"S29", busy_workers, {{"running", 10, 0}}, true, 10},
  };
  return all;
}

}  // namespace kernels
