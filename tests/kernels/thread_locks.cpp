// SPDX-License-Identifier: MIT
// Kernels in which threads only want locks. etcd_10492 is missing: glibc answers EDEADLK to who
// takes a lock for writing twice.
#include "threads.hpp"

#include <latch>

namespace kernels {
namespace {

void lock_once(std::mutex& mutex) {
  const std::scoped_lock lock(mutex);
}

// cockroach_584: the loop is left without unlock, then the lock is taken again.
void cockroach_584(Scene& scene) {
  static std::mutex mutex;
  scene.start("T1", [&scene] {
    mutex.lock();
    if (scene.fixed) {
      mutex.unlock();
    }
    mutex.lock();
    mutex.unlock();
  });
}

// etcd_5509: a reader returns early and keeps its lock.
void etcd_5509(Scene& scene) {
  static WriterFirstLock lock;
  static Gate closed;
  static Gate returned;
  scene.start("T1", [&scene] {
    closed.wait();
    lock.lock_shared();
    if (scene.fixed) {
      lock.unlock();
    }
    returned.open();
  });
  scene.start("test", [] {
    lock.lock();
    lock.unlock();
    closed.open();
    returned.wait();
    lock.lock();
    lock.unlock();
  });
}

// grpc_795: stop() never unlocks; it is called again.
void grpc_795(Scene& scene) {
  static std::mutex mutex;
  static Gate stopped;
  static const auto stop = [](bool fixed) {
    mutex.lock();
    if (fixed) {
      mutex.unlock();
    }
  };
  scene.start("test", [&scene] {
    stop(scene.fixed);
    stopped.open();
    stop(scene.fixed);
  });
  scene.start("T1", [] {
    stopped.wait();
    lock_once(mutex);
  });
}

// moby_17176: cleanup() returns early and leaves the lock to nobody.
void moby_17176(Scene& scene) {
  static std::mutex mutex;
  static Gate returned;
  scene.start("test", [&scene] {
    mutex.lock();
    if (scene.fixed) {
      mutex.unlock();
    }
    returned.open();
  });
  scene.start("T1", [] {
    returned.wait();
    lock_once(mutex);
  });
}

// moby_7559: `continue` without unlock.
void moby_7559(Scene& scene) {
  static std::mutex mutex;
  scene.start("T1", [&scene] {
    for (int attempt = 0; attempt < 2; ++attempt) {
      mutex.lock();
      if (scene.fixed) {
        mutex.unlock();
      }
    }
  });
}

/// Takes one lock, lets the others take theirs, takes the other.
template <class First, class Second>
void both(First& first, Second& second, std::latch& all) {
  first.lock();
  all.arrive_and_wait();
  second.lock();
  second.unlock();
  first.unlock();
}

// cockroach_10214: store lock, then replica locks; elsewhere a replica's lock, then the store's.
void cockroach_10214(Scene& scene) {
  static std::mutex store;
  static std::mutex replica;
  static std::mutex third;
  static std::latch all(2);
  static std::latch one(1);
  static Gate turn;
  scene.start("T1", [&scene] {
    both(store, replica, scene.fixed ? one : all);
    turn.open();
  });
  scene.start("T2", [&scene] {
    if (scene.fixed) {
      turn.wait();
      all.count_down();
    }
    replica.lock();
    third.lock();
    all.arrive_and_wait();
    lock_once(store);
    third.unlock();
    replica.unlock();
  });
}

// kubernetes_13135: the cacher's lock and the watch cache's, in both orders.
void kubernetes_13135(Scene& scene) {
  static std::mutex cacher;
  static WriterFirstLock watch;
  static std::latch all(2);
  static std::latch one(1);
  static std::latch other(1);
  static Gate turn;
  scene.start("T2", [&scene] {
    both(cacher, watch, scene.fixed ? one : all);
    turn.open();
  });
  scene.start("T3", [&scene] {
    if (scene.fixed) {
      turn.wait();
    }
    both(watch, cacher, scene.fixed ? other : all);
  });
}

// moby_4951: two run the same function, which gives one lock back in between.
void moby_4951(Scene& scene) {
  static std::mutex set;
  static std::mutex info;
  static Gate go;
  static Gate holds_set;
  scene.start("T1", [&scene] {
    set.lock();
    info.lock();
    set.unlock();
    go.open();
    if (!scene.fixed) {
      holds_set.wait();
      lock_once(set);
    }
    info.unlock();
  });
  scene.start("T2", [] {
    go.wait();
    set.lock();
    holds_set.open();
    lock_once(info);
    set.unlock();
  });
}

// cockroach_16167 and cockroach_3710: a reader reads again after a writer came.
void readers_around_writer(Scene& scene, const char* reader, const char* writer, bool with_queue) {
  static WriterFirstLock lock;
  static std::mutex queue;
  static Gate reads;
  static Gate writer_waits;
  scene.start(reader, [&scene, with_queue] {
    lock.lock_shared();
    reads.open();
    writer_waits.wait();
    if (!scene.fixed) {
      if (with_queue) {
        queue.lock();
      }
      lock.lock_shared();
      lock.unlock();
    }
    lock.unlock();
  });
  scene.start(writer, [] {
    reads.wait();
    lock.lock();
    lock.unlock();
  });
  scene.start("gatekeeper", [] {
    reads.wait();
    while (!lock.keeps_readers_out()) {
      std::this_thread::yield();
    }
    writer_waits.open();
  });
}
void cockroach_16167(Scene& scene) {
  readers_around_writer(scene, "test", "T1", false);
}
void cockroach_3710(Scene& scene) {
  readers_around_writer(scene, "T1", "T2", true);
}

// kubernetes_58107: waits for a condition while it reads, and the signals are spent.
void kubernetes_58107(Scene& scene) {
  static WriterFirstLock lock;
  static std::mutex mutexes[2];
  static std::condition_variable conditions[2];
  static Gate reads;
  static Gate writer_waits;
  static const auto wait = [](int which, bool fixed) {
    std::unique_lock own(mutexes[which]);
    if (!fixed) {
      conditions[which].wait(own, [] { return false; });
    }
  };
  scene.start("W1", [&scene] {
    lock.lock_shared();
    reads.open();
    wait(0, scene.fixed);
    lock.unlock();
  });
  scene.start("S", [] {
    reads.wait();
    lock.lock();
    lock.unlock();
  });
  scene.start("W2", [&scene] {
    if (!scene.fixed) {
      writer_waits.wait();
    }
    lock.lock_shared();
    wait(1, scene.fixed);
    lock.unlock();
  });
  scene.start("gatekeeper", [&scene] {
    reads.wait();
    while (!scene.fixed && !lock.keeps_readers_out()) {
      std::this_thread::yield();
    }
    writer_waits.open();
  });
}

}  // namespace

const std::map<std::string, ThreadKernel> kThreadLockKernels{
    {"cockroach_584", cockroach_584},
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
