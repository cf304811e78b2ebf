// SPDX-License-Identifier: MIT
// Kernels in which tasks only want locks: double locking, AB-BA, readers around a writer.
#include "tasks.hpp"

#include <array>

namespace kernels {
namespace {

using xgops::name_task;

// cockroach_584: the loop is left without unlock, then the lock is taken again.
Task<> leaves_loop(Mutex& mutex, bool fixed) {
  name_task("T1");
  co_await mutex.lock();
  if (fixed) {
    mutex.unlock();
  }
  co_await mutex.lock();
  mutex.unlock();
}
void cockroach_584(Scene& scene) {
  auto& mutex = scene.make<Mutex>();
  scene.executor.spawn(leaves_loop(mutex, scene.fixed));
}

// etcd_10492: a callback takes the lock for writing that its caller holds.
Task<> checkpoint(RwLock& lock) {
  co_await lock.lock();
  lock.unlock();
}
Task<> renew(RwLock& lock, bool fixed) {
  name_task("test");
  co_await lock.lock();
  if (fixed) {
    lock.unlock();
    co_await checkpoint(lock);
    co_return;
  }
  co_await checkpoint(lock);
  lock.unlock();
}
void etcd_10492(Scene& scene) {
  auto& lock = scene.make<RwLock>();
  scene.executor.spawn(renew(lock, scene.fixed));
}

// etcd_5509: a reader returns early and keeps its lock.
Task<> get(RwLock& lock, Gate& closed, Gate& returned, bool fixed) {
  name_task("T1");
  co_await closed.wait();
  co_await lock.read_lock();
  if (fixed) {
    lock.read_unlock();
  }
  returned.open();
}
Task<> close_twice(RwLock& lock, Gate& closed, Gate& returned) {
  name_task("test");
  co_await lock.lock();
  lock.unlock();
  closed.open();
  co_await returned.wait();
  co_await lock.lock();
  lock.unlock();
}
void etcd_5509(Scene& scene) {
  auto& lock = scene.make<RwLock>();
  auto& closed = scene.make<Gate>();
  auto& returned = scene.make<Gate>();
  scene.executor.spawn(get(lock, closed, returned, scene.fixed));
  scene.executor.spawn(close_twice(lock, closed, returned));
}

// grpc_795: stop() never unlocks; it is called again.
Task<> stop(Mutex& mutex, bool fixed) {
  co_await mutex.lock();
  if (fixed) {
    mutex.unlock();
  }
}
Task<> stop_twice(Mutex& mutex, Gate& stopped, bool fixed) {
  name_task("test");
  co_await stop(mutex, fixed);
  stopped.open();
  co_await stop(mutex, fixed);
}
Task<> lock_once(Mutex& mutex, Gate& gate, const char* name) {
  name_task(name);
  co_await gate.wait();
  co_await mutex.lock();
  mutex.unlock();
}
void grpc_795(Scene& scene) {
  auto& mutex = scene.make<Mutex>();
  auto& stopped = scene.make<Gate>();
  scene.executor.spawn(stop_twice(mutex, stopped, scene.fixed));
  scene.executor.spawn(lock_once(mutex, stopped, "T1"));
}

// moby_17176: cleanup() returns early and leaves the lock to nobody.
Task<> cleanup(Mutex& mutex, Gate& returned, bool fixed) {
  name_task("test");
  co_await mutex.lock();
  if (fixed) {
    mutex.unlock();
  }
  returned.open();
}
void moby_17176(Scene& scene) {
  auto& mutex = scene.make<Mutex>();
  auto& returned = scene.make<Gate>();
  scene.executor.spawn(cleanup(mutex, returned, scene.fixed));
  scene.executor.spawn(lock_once(mutex, returned, "T1"));
}

// moby_7559: `continue` without unlock.
Task<> dial(Mutex& mutex, bool fixed) {
  name_task("T1");
  for (int attempt = 0; attempt < 2; ++attempt) {
    co_await mutex.lock();
    if (fixed) {
      mutex.unlock();
    }
  }
}
void moby_7559(Scene& scene) {
  auto& mutex = scene.make<Mutex>();
  scene.executor.spawn(dial(mutex, scene.fixed));
}

/// Takes one lock, lets the others take theirs, takes the other.
template <class First, class Second>
Task<> both(const char* name, First& first, Second& second, WaitGroup& all) {
  name_task(name);
  co_await first.lock();
  all.done();
  co_await all.wait();
  co_await second.lock();
  second.unlock();
  first.unlock();
}

// cockroach_10214: store lock, then replica locks; elsewhere a replica's lock, then the store's.
Task<> replica_first(Mutex& replica, Mutex& third, Mutex& store, WaitGroup& all) {
  name_task("T2");
  co_await replica.lock();
  co_await third.lock();
  all.done();
  co_await all.wait();
  co_await store.lock();
  store.unlock();
  third.unlock();
  replica.unlock();
}
void cockroach_10214(Scene& scene) {
  auto& store = scene.make<Mutex>();
  auto& replica = scene.make<Mutex>();
  auto& third = scene.make<Mutex>();
  auto& all = scene.make<WaitGroup>(2);
  auto& own = scene.make<WaitGroup>(1);
  scene.executor.spawn(both("T1", store, replica, scene.fixed ? own : all));
  if (scene.fixed) {
    scene.executor.run_until_idle();  // In one order only.
    all.done();
  }
  scene.executor.spawn(replica_first(replica, third, store, all));
}

// kubernetes_13135: the cacher's lock and the watch cache's, in both orders.
void kubernetes_13135(Scene& scene) {
  auto& cacher = scene.make<Mutex>();
  auto& watch = scene.make<RwLock>();
  auto& all = scene.make<WaitGroup>(2);
  auto& one = scene.make<WaitGroup>(1);
  auto& other = scene.make<WaitGroup>(1);
  scene.executor.spawn(both("T2", cacher, watch, scene.fixed ? one : all));
  if (scene.fixed) {
    scene.executor.run_until_idle();
  }
  scene.executor.spawn(both("T3", watch, cacher, scene.fixed ? other : all));
}

// moby_4951: two run the same function, which gives one lock back in between.
Task<> remove_device(const char* name, Mutex& set, Mutex& info, Gate& others_turn, Gate& my_turn,
                     bool fixed) {
  name_task(name);
  co_await set.lock();
  co_await info.lock();
  set.unlock();
  others_turn.open();
  if (fixed) {
    info.unlock();
    co_return;
  }
  co_await my_turn.wait();
  co_await set.lock();
  set.unlock();
  info.unlock();
}
Task<> remove_device_later(Mutex& set, Mutex& info, Gate& go, Gate& holds_set) {
  name_task("T2");
  co_await go.wait();
  co_await set.lock();
  holds_set.open();
  co_await info.lock();
  info.unlock();
  set.unlock();
}
void moby_4951(Scene& scene) {
  auto& set = scene.make<Mutex>();
  auto& info = scene.make<Mutex>();
  auto& go = scene.make<Gate>();
  auto& holds_set = scene.make<Gate>();
  scene.executor.spawn(remove_device("T1", set, info, go, holds_set, scene.fixed));
  scene.executor.spawn(remove_device_later(set, info, go, holds_set));
}

// cockroach_16167 and cockroach_3710: a reader reads again after a writer came.
Task<> read_again(const char* name, RwLock& lock, Mutex* between, Gate& reads, Gate& writer_waits,
                  bool fixed) {
  name_task(name);
  co_await lock.read_lock();
  reads.open();
  co_await writer_waits.wait();
  if (!fixed) {
    if (between != nullptr) {
      co_await between->lock();
    }
    co_await lock.read_lock();
    lock.read_unlock();
  }
  lock.read_unlock();
}
Task<> write_between(const char* name, RwLock& lock, Gate& reads) {
  name_task(name);
  co_await reads.wait();
  co_await lock.lock();
  lock.unlock();
}
Task<> open_once_queued(RwLock& lock, Gate& gate) {
  while (lock.waiting_writers() == 0) {
    co_await yield();
  }
  gate.open();
}
void readers_around_writer(Scene& scene, const char* reader, const char* writer, Mutex* between) {
  auto& lock = scene.make<RwLock>();
  auto& reads = scene.make<Gate>();
  auto& writer_waits = scene.make<Gate>();
  scene.executor.spawn(read_again(reader, lock, between, reads, writer_waits, scene.fixed));
  scene.executor.spawn(write_between(writer, lock, reads));
  scene.executor.spawn(open_once_queued(lock, writer_waits));
}
void cockroach_16167(Scene& scene) {
  readers_around_writer(scene, "test", "T1", nullptr);
}
void cockroach_3710(Scene& scene) {
  auto& queue = scene.make<Mutex>();
  readers_around_writer(scene, "T1", "T2", &queue);
}

// kubernetes_58107: waits for a condition while it reads, and the signals are spent.
Task<> worker(const char* name, RwLock& lock, Mutex& mutex, Condition<Mutex>& condition, Gate& go,
              bool fixed) {
  name_task(name);
  co_await go.wait();
  co_await lock.read_lock();
  co_await mutex.lock();
  if (!fixed) {
    co_await condition.wait();
  }
  mutex.unlock();
  lock.read_unlock();
}
Task<> writer(RwLock& lock, Gate& go) {
  name_task("S");
  co_await go.wait();
  co_await lock.lock();
  lock.unlock();
}
void kubernetes_58107(Scene& scene) {
  auto& lock = scene.make<RwLock>();
  auto& first = scene.make<Mutex>();
  auto& second = scene.make<Mutex>();
  auto& first_changed = scene.make<Condition<Mutex>>(first);
  auto& second_changed = scene.make<Condition<Mutex>>(second);
  auto& gates = scene.make<std::array<Gate, 3>>();
  scene.executor.spawn(worker("W1", lock, first, first_changed, gates[0], scene.fixed));
  scene.executor.spawn(writer(lock, gates[1]));
  scene.executor.spawn(worker("W2", lock, second, second_changed, gates[2], scene.fixed));
  for (Gate& gate : gates) {
    gate.open();
    scene.executor.run_until_idle();
  }
}

}  // namespace

const std::map<std::string, TaskKernel> kLockKernels{
    {"cockroach_584", cockroach_584},
    {"etcd_10492", etcd_10492},
    {"etcd_5509", etcd_5509},
    {"grpc_795", grpc_795},
    {"moby_17176", moby_17176},
    {"moby_7559", moby_7559},
    {"cockroach_10214", cockroach_10214},
    {"kubernetes_13135", kubernetes_13135},
    {"moby_4951", moby_4951},
    {"cockroach_16167", cockroach_16167},
    {"cockroach_3710", cockroach_3710},
    {"kubernetes_58107", kubernetes_58107},
};

}  // namespace kernels
