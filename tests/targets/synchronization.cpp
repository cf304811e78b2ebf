// SPDX-License-Identifier: MIT
// Threads that wait for everything else in <pthread.h> and the C++ library: read-write locks,
// conditions, joins, semaphores, futures, latches, barriers, once, static locals, stdio.
#include "support.hpp"

#include <barrier>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <semaphore>
#include <shared_mutex>

#include <pthread.h>
#include <semaphore.h>

namespace {

using target::Actor;
using target::Expectation;
using target::Scene;

constexpr std::chrono::hours kLong{2};

[[noreturn]] void hold_for_ever(Actor& actor) {
  actor.about_to_block();
  for (;;) {
    ::pause();
  }
}

const Expectation kHolds{.reason = "pause", .system_call = SYS_pause};

void add_read_write_locks(Scene& scene) {
  static std::shared_mutex written;
  scene.add("rw-writer", kHolds, [](Actor& actor) {
    written.lock();
    hold_for_ever(actor);
  });
  scene.add("rw-reads", {.reason = "rwlock read", .owner = "rw-writer"}, [](Actor& actor) {
    actor.about_to_block();
    written.lock_shared();
  });
  scene.add("rw-writes", {.reason = "rwlock write", .owner = "rw-writer"}, [](Actor& actor) {
    actor.about_to_block();
    written.lock();
  });

  static std::shared_mutex read;
  for (const char* name : {"reader-1", "reader-2"}) {
    scene.add(name, kHolds, [](Actor& actor) {
      read.lock_shared();
      hold_for_ever(actor);
    });
  }
  scene.add("after-readers", {.reason = "rwlock write"}, [](Actor& actor) {
    actor.about_to_block();
    read.lock();
  });

  static std::shared_timed_mutex timed;
  scene.add("timed-writer", kHolds, [](Actor& actor) {
    timed.lock();
    hold_for_ever(actor);
  });
  scene.add("rw-timed", {.reason = "rwlock write", .owner = "timed-writer", .timed = true},
            [](Actor& actor) {
              actor.about_to_block();
              (void)timed.try_lock_for(kLong);
            });

  static std::shared_mutex orphan;
  pid_t gone = 0;
  std::thread([&gone] {
    gone = target::thread_id();
    orphan.lock();
  }).join();
  scene.add("rw-orphan", {.reason = "rwlock read", .owner_tid = gone, .owner_exited = true},
            [](Actor& actor) {
              actor.about_to_block();
              orphan.lock_shared();
            });
}

void add_conditions(Scene& scene) {
  static std::mutex mutex;
  static std::condition_variable condition;
  static std::condition_variable_any any;
  static bool never = false;
  const Expectation waits{.reason = "condition wait"};
  scene.add("condition", waits, [](Actor& actor) {
    std::unique_lock lock(mutex);
    actor.about_to_block();
    condition.wait(lock, [] { return never; });
  });
  scene.add("condition-for", {.reason = "condition wait", .timed = true}, [](Actor& actor) {
    std::unique_lock lock(mutex);
    actor.about_to_block();
    condition.wait_for(lock, kLong, [] { return never; });
  });
  scene.add("condition-any", waits, [](Actor& actor) {
    std::unique_lock lock(mutex);
    actor.about_to_block();
    any.wait(lock, [] { return never; });
  });
  static pthread_cond_t plain = PTHREAD_COND_INITIALIZER;
  static pthread_mutex_t plain_mutex = PTHREAD_MUTEX_INITIALIZER;
  scene.add("pthread-cond", waits, [](Actor& actor) {
    ::pthread_mutex_lock(&plain_mutex);
    actor.about_to_block();
    ::pthread_cond_wait(&plain, &plain_mutex);
  });

  static std::mutex taken_again;
  static std::condition_variable notified;
  scene.add("relock", {.reason = "mutex lock", .owner = "relock-holder"}, [](Actor& actor) {
    std::unique_lock lock(taken_again);
    actor.about_to_block();
    notified.wait(lock);
  });
  scene.add("relock-holder", kHolds, [](Actor& actor) {
    taken_again.lock();  // Only free once `relock` waits for the condition.
    notified.notify_all();
    hold_for_ever(actor);
  });
}

void add_joins(Scene& scene) {
  Actor& joined = scene.expect("joined", kHolds);
  scene.add("joiner", {.reason = "join", .owner = "joined"}, [&joined](Actor& actor) {
    std::thread thread([&joined] {
      Scene::adopt(joined);
      hold_for_ever(joined);
    });
    actor.about_to_block();
    thread.join();
  });

  // A join that can never end: the joined thread wants what the joiner holds.
  static std::mutex mutex;
  Actor& stuck = scene.expect("join-stuck", {.reason = "mutex lock", .owner = "join-holder"});
  scene.add("join-holder", {.reason = "join", .owner = "join-stuck"}, [&stuck](Actor& actor) {
    const std::lock_guard lock(mutex);
    std::thread thread([&stuck] {
      Scene::adopt(stuck);
      stuck.about_to_block();
      mutex.lock();
    });
    actor.about_to_block();
    thread.join();
  });
}

void add_counters(Scene& scene) {
  static sem_t posix;
  ::sem_init(&posix, 0, 0);
  scene.add("sem-wait", {.reason = "semaphore"}, [](Actor& actor) {
    actor.about_to_block();
    ::sem_wait(&posix);
    target::keep_frame();
  });
  scene.add("sem-timedwait", {.reason = "semaphore", .timed = true}, [](Actor& actor) {
    timespec deadline{};
    ::clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += 7200;
    actor.about_to_block();
    ::sem_timedwait(&posix, &deadline);
  });
  static pthread_barrier_t posix_barrier;
  ::pthread_barrier_init(&posix_barrier, nullptr, 2);
  scene.add("pthread-barrier", {.reason = "barrier"}, [](Actor& actor) {
    actor.about_to_block();
    ::pthread_barrier_wait(&posix_barrier);
  });
  // The C++20 ones are inlined down to a bare futex call.
  static std::counting_semaphore<> semaphore(0);
  scene.add("std-semaphore", {.reason = "semaphore|futex"}, [](Actor& actor) {
    actor.about_to_block();
    semaphore.acquire();
  });
  static std::latch latch(1);
  scene.add("std-latch", {.reason = "futex|latch"}, [](Actor& actor) {
    actor.about_to_block();
    latch.wait();
  });
  static std::barrier<> barrier(2);
  scene.add("std-barrier", {.reason = "barrier|futex"}, [](Actor& actor) {
    actor.about_to_block();
    barrier.arrive_and_wait();
  });
  static std::atomic<int> number{0};
  scene.add("atomic-wait", {.reason = "futex|atomic wait"}, [](Actor& actor) {
    actor.about_to_block();
    number.wait(0);
  });
}

void add_futures(Scene& scene) {
  static std::promise<int> promise;
  static std::shared_future<int> future = promise.get_future().share();
  scene.add("future-get", {.reason = "future"}, [](Actor& actor) {
    actor.about_to_block();
    (void)future.get();
  });
  scene.add("future-wait-for", {.reason = "future", .timed = true}, [](Actor& actor) {
    actor.about_to_block();
    (void)future.wait_for(kLong);
  });
}

void add_initializations(Scene& scene) {
  static std::once_flag once;
  scene.add("once-runs", kHolds,
            [](Actor& actor) { std::call_once(once, [&actor] { hold_for_ever(actor); }); });
  scene.add("once-waits", {.reason = "call once"}, [](Actor& actor) {
    actor.about_to_block();
    std::call_once(once, [] {});
  });

  struct Slow {
    explicit Slow(Actor& actor) { hold_for_ever(actor); }
  };
  static const auto use_static_local = [](Actor& actor) { static Slow slow(actor); };
  scene.add("static-runs", kHolds, use_static_local);
  scene.add("static-waits", {.reason = "static initialization"}, [](Actor& actor) {
    actor.about_to_block();
    use_static_local(actor);
  });
}

void add_stdio(Scene& scene) {
  static std::FILE* const file = std::tmpfile();
  scene.add("stdio-holder", kHolds, [](Actor& actor) {
    ::flockfile(file);
    hold_for_ever(actor);
  });
  scene.add("stdio-waits", {.reason = "stdio lock", .owner = "stdio-holder"}, [](Actor& actor) {
    actor.about_to_block();
    std::fputs("text", file);
  });
}

}  // namespace

int main() {
  Scene scene;
  add_read_write_locks(scene);
  add_conditions(scene);
  add_joins(scene);
  add_counters(scene);
  add_futures(scene);
  add_initializations(scene);
  add_stdio(scene);
  scene.announce();
  Scene::serve();
}
