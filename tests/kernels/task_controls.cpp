// SPDX-License-Identifier: MIT
// Tasks that look stuck for a while and are not: nothing may be said of these.
#include "tasks.hpp"
#include "xgops/agent.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <thread>

namespace kernels {
namespace {

using std::chrono::milliseconds;
using xgops::name_task;

std::atomic<bool> g_stays{false};  // The worker is where it stays.

/// What keeps the only worker away from tasks that are ready.
void keep_worker(bool asleep) {
  g_stays = true;
  if (asleep) {
    std::this_thread::sleep_for(std::chrono::hours(1));
  }
  static volatile unsigned long sink = 0;
  for (;;) {
    sink = sink + 1;
  }
}

Task<> open(Gate& gate) {
  gate.open();
  co_return;
}

// Each of the next four wakes a task that then never gets the worker: it is ready, though a moment
// ago it waited for a lock that is its own now, for members that have left, for an end that has
// sent.

template <bool kAsleep>
void handed_mutex(Executor& executor) {
  static Mutex mutex;
  static Gate gate;
  executor.spawn([]() -> Task<> {
    co_await mutex.lock();
    co_await gate.wait();
    mutex.unlock();
    keep_worker(kAsleep);
  }());
  executor.run_until_idle();
  executor.spawn([]() -> Task<> { const auto guard = co_await mutex.scoped(); }());
  executor.run_until_idle();
  executor.spawn(open(gate));
}

template <bool kAsleep>
void handed_rwlock(Executor& executor) {
  static RwLock lock;
  static Gate gate;
  executor.spawn([]() -> Task<> {
    co_await lock.read_lock();
    co_await gate.wait();
    lock.read_unlock();
    keep_worker(kAsleep);
  }());
  executor.run_until_idle();
  executor.spawn([]() -> Task<> {
    co_await lock.lock();
    lock.unlock();
  }());
  executor.run_until_idle();
  executor.spawn(open(gate));
}

template <bool kAsleep>
void finished_group(Executor& executor) {
  static WaitGroup group(1);
  static Gate gate;
  executor.spawn([]() -> Task<> { co_await group.wait(); }());
  group.add_member(executor.spawn([]() -> Task<> {
    co_await gate.wait();
    group.done();
    keep_worker(kAsleep);
  }()));
  group.seal_members();
  executor.run_until_idle();
  executor.spawn(open(gate));
}

template <bool kAsleep>
void filled_channel(Executor& executor) {
  static Channel<int> channel;
  static Gate gate;
  executor.spawn([]() -> Task<> { co_await channel.receive(); }());
  channel.add_sender(executor.spawn([]() -> Task<> {
    co_await gate.wait();
    co_await channel.send(1);  // Ends here.
  }()));
  channel.seal();
  executor.run_until_idle();
  executor.spawn([]() -> Task<> {
    gate.open();  // The sender is queued before the one that stays.
    Executor::current()->spawn([]() -> Task<> {
      keep_worker(kAsleep);
      co_return;
    }());
    co_return;
  }());
}

/// Two locks, taken in the same order by many, and given back.
void contention(Executor& executor) {
  static Mutex first;
  static Mutex second;
  for (int i = 0; i < 8; ++i) {
    executor.spawn([]() -> Task<> {
      for (;;) {
        const auto outer = co_await first.scoped();
        co_await yield();
        const auto inner = co_await second.scoped();
        co_await yield();
      }
    }());
  }
  g_stays = true;
}

/// Who holds the lock sleeps with it, on its thread, much longer than it takes to look twice.
void slow_owner(Executor& executor) {
  static Mutex mutex;
  for (int i = 0; i < 4; ++i) {
    executor.spawn([]() -> Task<> {
      for (;;) {
        const auto guard = co_await mutex.scoped();
        g_stays = true;
        std::this_thread::sleep_for(milliseconds(300));
      }
    }());
  }
}

/// Readers and writers by turns.
void readers_and_writers(Executor& executor) {
  static RwLock lock;
  for (int i = 0; i < 6; ++i) {
    executor.spawn([](bool writes) -> Task<> {
      for (;;) {
        if (writes) {
          co_await lock.lock();
          co_await yield();
          lock.unlock();
        } else {
          co_await lock.read_lock();
          co_await yield();
          lock.read_unlock();
        }
      }
    }(i % 3 == 0));
  }
  g_stays = true;
}

/// A group of which all members are known; one works, and does so for long.
void slow_member(Executor& executor) {
  static WaitGroup group(2);
  static Gate gate;  // A member that ends before it is one would never be taken off the list.
  executor.spawn([]() -> Task<> { co_await group.wait(); }());
  for (const bool slow : {false, true}) {
    group.add_member(executor.spawn([](bool works) -> Task<> {
      co_await gate.wait();
      if (works) {
        keep_worker(true);
      }
      group.done();
    }(slow)));
  }
  group.seal_members();
  executor.spawn(open(gate));
}

/// A number goes round through channels of which both ends are known.
void ring(Executor& executor) {
  static Channel<int> channels[3];
  std::uint64_t tasks[3];
  for (int i = 0; i < 3; ++i) {
    tasks[i] = executor.spawn([](Channel<int>& in, Channel<int>& out, bool starts) -> Task<> {
      for (;;) {
        if (starts) {
          co_await out.send(1);
        }
        co_await in.receive();
        co_await yield();
        if (!starts) {
          co_await out.send(1);
        }
      }
    }(channels[i], channels[(i + 1) % 3], i == 0));
  }
  for (int i = 0; i < 3; ++i) {
    channels[i].add_receiver(tasks[i]);
    channels[(i + 1) % 3].add_sender(tasks[i]);
  }
  for (auto& channel : channels) {
    channel.seal();
  }
  g_stays = true;
}

/// Many wait for a condition that one notifies now and then.
void notified(Executor& executor) {
  static Mutex mutex;
  static Condition<Mutex> changed(mutex);
  for (int i = 0; i < 5; ++i) {
    executor.spawn([]() -> Task<> {
      for (;;) {
        co_await mutex.lock();
        co_await changed.wait();
        mutex.unlock();
      }
    }());
  }
  executor.spawn([]() -> Task<> {
    for (;;) {
      g_stays = true;
      std::this_thread::sleep_for(milliseconds(200));
      co_await mutex.lock();
      changed.notify_all();
      mutex.unlock();
      co_await yield();
    }
  }());
}

const std::map<std::string, void (*)(Executor&)> kControls{
    {"handed_mutex_asleep", handed_mutex<true>},
    {"handed_mutex_busy", handed_mutex<false>},
    {"handed_rwlock_asleep", handed_rwlock<true>},
    {"handed_rwlock_busy", handed_rwlock<false>},
    {"finished_group_asleep", finished_group<true>},
    {"finished_group_busy", finished_group<false>},
    {"filled_channel_asleep", filled_channel<true>},
    {"filled_channel_busy", filled_channel<false>},
    {"contention", contention},
    {"slow_owner", slow_owner},
    {"readers_and_writers", readers_and_writers},
    {"slow_member", slow_member},
    {"ring", ring},
    {"notified", notified},
};

}  // namespace
}  // namespace kernels

int main(int argc, char** argv) {
  const auto found = argc == 2 ? kernels::kControls.find(argv[1]) : kernels::kControls.end();
  if (found == kernels::kControls.end()) {
    std::fprintf(stderr, "usage: %s CONTROL\n", argv[0]);
    return 64;
  }
  const auto agent = xgops::Agent::start();
  if (!agent) {
    std::fprintf(stderr, "%s\n", agent.error().message().c_str());
    return 1;
  }
  static kernels::Executor executor(1);
  found->second(executor);
  while (!kernels::g_stays) {
    std::this_thread::yield();
  }
  std::cout << "ready" << std::endl;
  // Not in a read: that alone would keep some rules silent. The test kills it.
  for (;;) {
    std::this_thread::sleep_for(std::chrono::hours(1));
  }
}
