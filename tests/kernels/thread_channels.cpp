// SPDX-License-Identifier: MIT
// Kernels in which threads want locks and channels or wait groups.
#include "threads.hpp"

#include <latch>

namespace kernels {
namespace {

/// Says that this thread sends into `channel`, waits for the gate, takes the lock and closes it.
void lock_then_close(std::mutex& mutex, Gate& gate, Signals& channel) {
  gate.wait();
  const std::scoped_lock lock(mutex);
  channel.close();
}

// grpc_1460: waits to be woken with the lock held that whoever wakes it wants first.
void grpc_1460(Scene& scene) {
  static std::mutex mutex;
  static Signals awaken;
  static Gate known;
  static Gate holds;
  scene.start("T1", [&scene] {
    known.wait();
    mutex.lock();
    holds.open();
    if (scene.fixed) {
      mutex.unlock();
    }
    awaken.receive();
    if (!scene.fixed) {
      mutex.unlock();
    }
  });
  scene.start("T2", [] {
    awaken.i_send();
    awaken.seal();
    known.open();
    lock_then_close(mutex, holds, awaken);
  });
}

// etcd_7902: a follower waits for the leader with the lock that the leader wants.
void etcd_7902(Scene& scene) {
  static std::mutex mutex;
  static Signals next;
  static Gate holds;
  static WaitGroup all(3);
  static std::latch known(4);
  scene.start("C1", [&scene] {
    all.i_am_a_member();
    known.arrive_and_wait();
    mutex.lock();
    holds.open();
    if (scene.fixed) {
      mutex.unlock();
    }
    next.receive();
    if (!scene.fixed) {
      mutex.unlock();
    }
    all.done();
  });
  scene.start("C2", [] {
    all.i_am_a_member();
    next.i_send();
    next.seal();
    known.arrive_and_wait();
    lock_then_close(mutex, holds, next);
    all.done();
  });
  scene.start("C3", [] {
    all.i_am_a_member();
    known.arrive_and_wait();
    holds.wait();
    { const std::scoped_lock lock(mutex); }
    all.done();
  });
  scene.start("T0", [] {
    known.arrive_and_wait();
    all.seal();
    all.wait();
  });
}

// etcd_7443: the only receiver of a channel sends into it, with the balancer's lock held.
void etcd_7443(Scene& scene) {
  static std::mutex balancer;
  static Signals notify;
  static Signals closec;
  static Gate holds;
  static std::latch known(2);
  scene.start("W", [&scene] {
    notify.i_receive();
    notify.seal();
    known.arrive_and_wait();
    balancer.lock();
    holds.open();
    if (!scene.fixed) {
      notify.send();
    }
    balancer.unlock();
  });
  scene.start("X", [] {
    closec.i_send();
    closec.seal();
    known.arrive_and_wait();
    lock_then_close(balancer, holds, closec);
  });
  scene.start("C", [] {
    holds.wait();
    const std::scoped_lock lock(balancer);
  });
  scene.start("test", [] {
    holds.wait();
    closec.receive();
  });
}

// istio_16224: an event handler answers with the lock held that the asker wants first.
void istio_16224(Scene& scene) {
  static std::mutex mutex;
  static Signals event;
  static Signals done;
  static Gate holds;
  static std::latch known(2);
  scene.start("T1", [&scene] {
    known.arrive_and_wait();
    event.receive();
    mutex.lock();
    holds.open();
    if (scene.fixed) {
      mutex.unlock();
    }
    done.send();
    if (!scene.fixed) {
      mutex.unlock();
    }
  });
  scene.start("test", [] {
    done.i_receive();
    done.seal();
    known.arrive_and_wait();
    event.send();
    holds.wait();
    { const std::scoped_lock lock(mutex); }
    done.receive();
  });
}

// kubernetes_26980: waits to be stopped, under the lock that the others need.
void kubernetes_26980(Scene& scene) {
  static std::mutex mutex;
  static Signals stop;
  static Signals result;
  static Gate holds;
  static std::latch known(3);
  scene.start("T1", [&scene] {
    known.arrive_and_wait();
    mutex.lock();
    holds.open();
    if (scene.fixed) {
      mutex.unlock();
    }
    stop.receive();
    if (!scene.fixed) {
      mutex.unlock();
    }
  });
  scene.start("T2", [] {
    result.i_send();
    result.seal();
    known.arrive_and_wait();
    lock_then_close(mutex, holds, result);
  });
  scene.start("test", [] {
    stop.i_send();
    stop.seal();
    known.arrive_and_wait();
    result.receive();
    stop.close();
  });
}

// kubernetes_6632: a send under the lock; who would close the channel wants the lock.
void kubernetes_6632(Scene& scene) {
  static std::mutex mutex;
  static Signals reset;
  static Gate holds;
  static std::latch known(2);
  scene.start("T2", [&scene] {
    known.arrive_and_wait();
    mutex.lock();
    holds.open();
    if (!scene.fixed) {
      reset.send();
    }
    mutex.unlock();
  });
  scene.start("T1", [] {
    reset.i_receive();
    reset.seal();
    known.arrive_and_wait();
    lock_then_close(mutex, holds, reset);
  });
}

// moby_28462: the monitor wants the lock before it looks at the channel that is sent to.
void moby_28462(Scene& scene) {
  static std::mutex mutex;
  static Signals stop;
  static Gate looked;
  static Gate holds;
  scene.start("T2", [&scene] {
    looked.wait();
    mutex.lock();
    holds.open();
    if (scene.fixed) {
      mutex.unlock();
    }
    stop.send();
    if (!scene.fixed) {
      mutex.unlock();
    }
  });
  scene.start("T1", [] {
    stop.i_receive();
    stop.seal();
    for (bool first = true; !stop.try_receive(); first = false) {
      if (first) {
        looked.open();
        holds.wait();
      }
      const std::scoped_lock lock(mutex);
    }
  });
}

// cockroach_1462: the receiver has left when the sender sends.
void cockroach_1462(Scene& scene) {
  static Signals events;
  static Gate left;
  static WaitGroup all(2);
  static std::latch known(3);
  scene.start("T1", [&scene] {
    all.i_am_a_member();
    known.arrive_and_wait();
    left.wait();
    if (!scene.fixed) {
      events.send();
    }
    all.done();
  });
  scene.start("T2", [] {
    all.i_am_a_member();
    events.i_receive();
    events.seal();
    known.arrive_and_wait();
    all.done();
    left.open();
  });
  scene.start("test", [] {
    known.arrive_and_wait();
    all.seal();
    all.wait();
  });
}

// moby_25384: waits for all inside the loop that starts them one by one.
void moby_25384(Scene& scene) {
  static WaitGroup group(2);
  group.seal();
  scene.start("T1", [&scene] {
    for (int i = 0; i < 2; ++i) {
      std::thread plugin([] { group.done(); });
      plugin.join();
      if (!scene.fixed) {
        group.wait();
      }
    }
    group.wait();
  });
}

}  // namespace

const std::map<std::string, ThreadKernel> kThreadMixedKernels{
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
