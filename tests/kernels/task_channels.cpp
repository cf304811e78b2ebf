// SPDX-License-Identifier: MIT
// Kernels in which tasks want locks and channels or wait groups: the lock half must be seen, and so
// must who could end a wait for a channel.
#include "tasks.hpp"

#include <array>
#include <optional>

namespace kernels {
namespace {

using xgops::name_task;
using Signals = Channel<int>;

template <class Lock>
Task<> lock_after(const char* name, Lock& lock, Gate& gate, Signals* then = nullptr) {
  name_task(name);
  co_await gate.wait();
  co_await lock.lock();
  if (then != nullptr) {
    then->close();
  }
  lock.unlock();
}

// grpc_1460: waits to be woken with the lock held that whoever wakes it wants first.
Task<> keep_alive(Mutex& mutex, Signals& awaken, Gate& holds, bool fixed) {
  name_task("T1");
  co_await mutex.lock();
  holds.open();
  if (fixed) {
    mutex.unlock();
  }
  co_await awaken.receive();
  if (!fixed) {
    mutex.unlock();
  }
}
void grpc_1460(Scene& scene) {
  auto& mutex = scene.make<Mutex>();
  auto& awaken = scene.make<Signals>();
  auto& holds = scene.make<Gate>();
  scene.executor.spawn(keep_alive(mutex, awaken, holds, scene.fixed));
  scene.ends(awaken, {scene.executor.spawn(lock_after("T2", mutex, holds, &awaken))});
}

// etcd_7902: a follower waits for the leader with the lock that the leader wants.
Task<> follower(Mutex& mutex, Signals& next, Gate& holds, WaitGroup& all, bool fixed) {
  name_task("C1");
  co_await mutex.lock();
  holds.open();
  if (fixed) {
    mutex.unlock();
  }
  co_await next.receive();
  if (!fixed) {
    mutex.unlock();
  }
  all.done();
}
Task<> client(const char* name, Mutex& mutex, Gate& go, WaitGroup& all, Signals* next) {
  name_task(name);
  co_await go.wait();
  co_await mutex.lock();
  if (next != nullptr) {
    next->close();
  }
  mutex.unlock();
  all.done();
}
Task<> wait_for_all(const char* name, WaitGroup& group) {
  name_task(name);
  co_await group.wait();
}
void etcd_7902(Scene& scene) {
  auto& mutex = scene.make<Mutex>();
  auto& next = scene.make<Signals>();
  auto& holds = scene.make<Gate>();
  auto& all = scene.make<WaitGroup>(3);
  Executor& executor = scene.executor;
  const std::uint64_t c1 = executor.spawn(follower(mutex, next, holds, all, scene.fixed));
  const std::uint64_t c2 = executor.spawn(client("C2", mutex, holds, all, &next));
  const std::uint64_t c3 = executor.spawn(client("C3", mutex, holds, all, nullptr));
  scene.ends(next, {c2});
  scene.members(all, {c1, c2, c3});
  executor.spawn(wait_for_all("T0", all));
}

// etcd_7443: the only receiver of a full channel sends into it, with the balancer's lock held.
Task<> watcher(RwLock& balancer, Signals& notify, Gate& holds, bool fixed) {
  name_task("W");
  co_await notify.send(1);
  co_await balancer.lock();
  holds.open();
  if (fixed) {
    balancer.unlock();
    co_await notify.receive();
    co_await notify.send(2);
    co_return;
  }
  co_await notify.send(2);
  balancer.unlock();
}
Task<> wait_closed(Signals& closec) {
  name_task("test");
  co_await closec.receive();
}
void etcd_7443(Scene& scene) {
  auto& balancer = scene.make<RwLock>();
  auto& notify = scene.make<Signals>(1);
  auto& closec = scene.make<Signals>();
  auto& holds = scene.make<Gate>();
  Executor& executor = scene.executor;
  scene.ends(notify, {}, {executor.spawn(watcher(balancer, notify, holds, scene.fixed))});
  scene.ends(closec, {executor.spawn(lock_after("X", balancer, holds, &closec))});
  executor.spawn(lock_after("C", balancer, holds));
  executor.spawn(wait_closed(closec));
}

// istio_16224: an event handler answers with the lock held that the asker wants first.
Task<> handler(Mutex& mutex, Signals& event, Signals& done, Gate& holds, bool fixed) {
  name_task("T1");
  co_await event.receive();
  co_await mutex.lock();
  holds.open();
  if (fixed) {
    mutex.unlock();
  }
  co_await done.send(1);
  if (!fixed) {
    mutex.unlock();
  }
}
Task<> asker(Mutex& mutex, Signals& event, Signals& done, Gate& holds) {
  name_task("test");
  co_await event.send(1);
  co_await holds.wait();
  co_await mutex.lock();
  mutex.unlock();
  co_await done.receive();
}
void istio_16224(Scene& scene) {
  auto& mutex = scene.make<Mutex>();
  auto& event = scene.make<Signals>();
  auto& done = scene.make<Signals>();
  auto& holds = scene.make<Gate>();
  scene.executor.spawn(handler(mutex, event, done, holds, scene.fixed));
  scene.ends(done, {}, {scene.executor.spawn(asker(mutex, event, done, holds))});
}

// kubernetes_26980: a select with one case, under the lock that the others need.
Task<> process(Mutex& mutex, Signals& stop, Gate& holds, bool fixed) {
  name_task("T1");
  co_await mutex.lock();
  holds.open();
  if (fixed) {
    mutex.unlock();
  }
  std::optional<int> nothing;
  co_await select(stop.receiving(nothing));
  if (!fixed) {
    mutex.unlock();
  }
}
Task<> expect_result(Signals& result, Signals& stop) {
  name_task("test");
  co_await result.receive();
  stop.close();
}
void kubernetes_26980(Scene& scene) {
  auto& mutex = scene.make<Mutex>();
  auto& stop = scene.make<Signals>();
  auto& result = scene.make<Signals>();
  auto& holds = scene.make<Gate>();
  Executor& executor = scene.executor;
  executor.spawn(process(mutex, stop, holds, scene.fixed));
  scene.ends(result, {executor.spawn(lock_after("T2", mutex, holds, &result))});
  scene.ends(stop, {executor.spawn(expect_result(result, stop))});
}

// kubernetes_6632: a send under the lock; who would close the channel wants the lock.
Task<> reset_writer(Mutex& mutex, Signals& reset, Gate& holds, bool fixed) {
  name_task("T2");
  co_await mutex.lock();
  holds.open();
  if (fixed) {
    mutex.unlock();
    co_return;
  }
  co_await reset.send(1);
  mutex.unlock();
}
void kubernetes_6632(Scene& scene) {
  auto& mutex = scene.make<Mutex>();
  auto& reset = scene.make<Signals>();
  auto& holds = scene.make<Gate>();
  scene.executor.spawn(reset_writer(mutex, reset, holds, scene.fixed));
  scene.ends(reset, {}, {scene.executor.spawn(lock_after("T1", mutex, holds, &reset))});
}

// moby_28462: the monitor wants the lock before it looks at the channel that is sent to.
Task<> stop_monitor(Mutex& mutex, Signals& stop, Gate& looked, Gate& holds, bool fixed) {
  name_task("T2");
  co_await looked.wait();
  co_await mutex.lock();
  holds.open();
  if (fixed) {
    mutex.unlock();
  }
  co_await stop.send(1);
  if (!fixed) {
    mutex.unlock();
  }
}
Task<> monitor(Mutex& mutex, Signals& stop, Gate& looked, Gate& holds) {
  name_task("T1");
  for (bool first = true;; first = false) {
    std::optional<int> nothing;
    if (try_select(stop.receiving(nothing))) {
      co_return;
    }
    if (first) {
      looked.open();
      co_await holds.wait();
    }
    co_await mutex.lock();
    mutex.unlock();
    co_await yield();
  }
}
void moby_28462(Scene& scene) {
  auto& mutex = scene.make<Mutex>();
  auto& stop = scene.make<Signals>();
  auto& looked = scene.make<Gate>();
  auto& holds = scene.make<Gate>();
  scene.executor.spawn(stop_monitor(mutex, stop, looked, holds, scene.fixed));
  scene.ends(stop, {}, {scene.executor.spawn(monitor(mutex, stop, looked, holds))});
}

// cockroach_1462: the receiver has left when the sender sends.
Task<> sender(Signals& events, Gate& go, WaitGroup& all, bool fixed) {
  name_task("T1");
  co_await go.wait();
  if (!fixed) {
    co_await events.send(1);
  }
  all.done();
}
Task<> receiver(Gate& go, WaitGroup& all) {
  name_task("T2");
  all.done();
  go.open();
  co_return;
}
void cockroach_1462(Scene& scene) {
  auto& events = scene.make<Signals>();
  auto& go = scene.make<Gate>();
  auto& all = scene.make<WaitGroup>(2);
  Executor& executor = scene.executor;
  const std::uint64_t t1 = executor.spawn(sender(events, go, all, scene.fixed));
  const std::uint64_t t2 = executor.spawn(receiver(go, all));
  scene.ends(events, {}, {t2});
  scene.members(all, {t1, t2});
  executor.spawn(wait_for_all("test", all));
}

// moby_25384: waits for all inside the loop that starts them one by one.
Task<> plugin(WaitGroup& group) {
  name_task("plugin");
  group.done();
  co_return;
}
Task<> start_plugins(Scene& scene, WaitGroup& group) {
  name_task("T1");
  group.add(2);
  for (int i = 0; i < 2; ++i) {
    scene.members(group, {scene.executor.spawn(plugin(group))});
    if (!scene.fixed) {
      co_await group.wait();
    }
  }
  co_await group.wait();
}
void moby_25384(Scene& scene) {
  auto& group = scene.make<WaitGroup>();
  scene.executor.spawn(start_plugins(scene, group));
}

}  // namespace

const std::map<std::string, TaskKernel> kMixedKernels{
    {"grpc_1460", grpc_1460},
    {"etcd_7902", etcd_7902},
    {"etcd_7443", etcd_7443},
    {"istio_16224", istio_16224},
    {"kubernetes_26980", kubernetes_26980},
    {"kubernetes_6632", kubernetes_6632},
    {"moby_28462", moby_28462},
    {"cockroach_1462", cockroach_1462},
    {"moby_25384", moby_25384},
};

}  // namespace kernels
