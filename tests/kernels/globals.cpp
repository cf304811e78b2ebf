// SPDX-License-Identifier: MIT
// Leaks that reachability cannot see, because somebody could still get at what they wait for. A
// test has left them behind all the same.
#include "clock.hpp"
#include "leaks.hpp"

#include <chrono>
#include <optional>
#include <vector>

namespace kernels {
namespace {

using Signals = Channel<int>;

// Made anew for each run.
std::optional<Signals> g_channel;
std::optional<Mutex> g_mutex;
std::optional<RwLock> g_lock;
std::optional<WaitGroup> g_group;

Task<> receive(Signals& channel) {
  co_await channel.receive();
}
void global_channel(Scene& scene) {
  scene.executor.spawn(receive(g_channel.emplace()));
}

template <class Lock>
Task<> lock_twice(Lock& lock) {
  co_await lock.lock();
  co_await lock.lock();
}
void global_mutex(Scene& scene) {
  scene.executor.spawn(lock_twice(g_mutex.emplace()));
}
void global_rwlock(Scene& scene) {
  scene.executor.spawn(lock_twice(g_lock.emplace()));
}

Task<> wait_for(WaitGroup& group) {
  co_await group.wait();
}
void global_group(Scene& scene) {
  scene.executor.spawn(wait_for(g_group.emplace(1)));
}

/// Has what the other one waits for, and will never use it again.
Task<> keep(Clock& clock, Signals& kept) {
  static_cast<void>(kept.size());
  co_await clock.sleep(std::chrono::hours(1));
}
void resource_on_stack(Scene& scene) {
  auto& channel = scene.make<Signals>();
  const auto live = scene.executor.spawn(keep(scene.make<Clock>(), channel));
  scene.executor.spawn(receive(channel));
  scene.ends(channel, {live});
}

/// The value that is sent lies beside the channel.
struct Message {
  int value = 1;
  Signals channel;
};
Task<> send_from_field(Message& message) {
  co_await select(message.channel.sending(message.value));
}
void send_field(Scene& scene) {
  auto& message = scene.make<Message>();
  const auto task = scene.executor.spawn(send_from_field(message));
  scene.ends(message.channel, {task});
}

}  // namespace

const std::vector<Entry>& known_false_negative_entries() {
  static const std::vector<Entry> all{
      {"false-negative/global/chan", global_channel, {{"chan_recv", 1, 0}}, false},
      {"false-negative/global/mutex", global_mutex, {{"mutex_lock", 1, 1}}, false},
      {"false-negative/global/rwmutex", global_rwlock, {{"rwlock_wlock", 1, 1}}, false},
      {"false-negative/global/waitgroup", global_group, {{"waitgroup_wait", 1, 0}}, false},
      {"false-negative/resource-on-stack",
       resource_on_stack,
       {{"chan_recv", 1, 0}, {"timer", 1, 0}},
       false},
      {"send-from-field", send_field, {{"select", 1, 1}}, false},
  };
  return all;
}

}  // namespace kernels
