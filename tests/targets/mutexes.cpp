// SPDX-License-Identifier: MIT
// Threads that wait for every kind of mutex: held, orphaned, in cycles, by themselves, timed.
#include "support.hpp"

#include <array>
#include <latch>
#include <mutex>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace {

using target::Actor;
using target::Scene;

constexpr std::chrono::hours kLong{2};

[[noreturn]] void hold_for_ever(Actor& actor) {
  actor.about_to_block();
  for (;;) {
    ::pause();
  }
}

enum class Sharing { kPrivate, kProcessShared };
enum class Robustness { kStalled, kRobust };

pthread_mutex_t make_mutex(int type, int protocol = PTHREAD_PRIO_NONE,
                           Robustness robustness = Robustness::kStalled,
                           Sharing sharing = Sharing::kPrivate) {
  pthread_mutexattr_t attributes;
  ::pthread_mutexattr_init(&attributes);
  ::pthread_mutexattr_settype(&attributes, type);
  ::pthread_mutexattr_setprotocol(&attributes, protocol);
  if (robustness == Robustness::kRobust) {
    ::pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  }
  if (sharing == Sharing::kProcessShared) {
    ::pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  }
  pthread_mutex_t mutex;
  ::pthread_mutex_init(&mutex, &attributes);
  return mutex;
}

struct Kind {
  const char* name;
  pthread_mutex_t mutex;
};

std::array<Kind, 9> g_kinds{{
    {"normal", make_mutex(PTHREAD_MUTEX_NORMAL)},
    {"recursive", make_mutex(PTHREAD_MUTEX_RECURSIVE)},
    {"errorcheck", make_mutex(PTHREAD_MUTEX_ERRORCHECK)},
    {"adaptive", make_mutex(PTHREAD_MUTEX_ADAPTIVE_NP)},
    {"inherit", make_mutex(PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_INHERIT)},
    {"inherit-recurs", make_mutex(PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_INHERIT)},
    {"robust", make_mutex(PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE, Robustness::kRobust)},
    {"pshared", make_mutex(PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE, Robustness::kStalled,
                           Sharing::kProcessShared)},
    {"robust-pshared", make_mutex(PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE, Robustness::kRobust,
                                  Sharing::kProcessShared)},
}};

void add_every_kind(Scene& scene) {
  scene.add("kinds-holder", {.reason = "pause", .system_call = SYS_pause}, [](Actor& actor) {
    for (Kind& kind : g_kinds) {
      ::pthread_mutex_lock(&kind.mutex);
    }
    hold_for_ever(actor);
  });
  for (Kind& kind : g_kinds) {
    scene.add(kind.name, {.reason = "mutex lock", .owner = "kinds-holder"}, [&kind](Actor& actor) {
      actor.about_to_block();
      ::pthread_mutex_lock(&kind.mutex);
    });
  }
  scene.add("pthread-timed", {.reason = "mutex lock", .owner = "kinds-holder", .timed = true},
            [](Actor& actor) {
              timespec deadline{};
              ::clock_gettime(CLOCK_REALTIME, &deadline);
              deadline.tv_sec += 7200;
              actor.about_to_block();
              ::pthread_mutex_timedlock(&g_kinds[0].mutex, &deadline);
            });
}

void add_standard_mutexes(Scene& scene) {
  static std::mutex plain;
  static std::recursive_mutex recursive;
  static std::timed_mutex timed;
  scene.add("std-holder", {.reason = "pause", .system_call = SYS_pause}, [](Actor& actor) {
    plain.lock();
    recursive.lock();
    timed.lock();
    hold_for_ever(actor);
  });
  const target::Expectation waits{.reason = "mutex lock", .owner = "std-holder"};
  scene.add("std-plain", waits, [](Actor& actor) {
    actor.about_to_block();
    const std::lock_guard lock(plain);
  });
  scene.add("std-recursive", waits, [](Actor& actor) {
    actor.about_to_block();
    const std::lock_guard lock(recursive);
  });
  scene.add("std-scoped", waits, [](Actor& actor) {
    static std::mutex free_one;
    actor.about_to_block();
    const std::scoped_lock lock(plain, free_one);
  });
  scene.add("std-timed", {.reason = "mutex lock", .owner = "std-holder", .timed = true},
            [](Actor& actor) {
              actor.about_to_block();
              (void)timed.try_lock_for(kLong);
            });
}

/// recursive -> timed -> pthread -> recursive.
void add_cycle_of_three(Scene& scene) {
  static std::recursive_mutex recursive;
  static std::timed_mutex timed;
  static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
  static std::latch all_hold_one(3);
  scene.add("cycle-1", {.reason = "mutex lock", .owner = "cycle-2"}, [](Actor& actor) {
    recursive.lock();
    actor.about_to_block();
    all_hold_one.arrive_and_wait();
    timed.lock();
  });
  scene.add("cycle-2", {.reason = "mutex lock", .owner = "cycle-3"}, [](Actor& actor) {
    timed.lock();
    actor.about_to_block();
    all_hold_one.arrive_and_wait();
    ::pthread_mutex_lock(&plain);
  });
  scene.add("cycle-3", {.reason = "mutex lock", .owner = "cycle-1"}, [](Actor& actor) {
    ::pthread_mutex_lock(&plain);
    actor.about_to_block();
    all_hold_one.arrive_and_wait();
    recursive.lock();
  });
}

void add_dead_and_own_owners(Scene& scene) {
  static std::mutex orphan;
  pid_t gone = 0;
  std::thread([&gone] {
    gone = target::thread_id();
    orphan.lock();
  }).join();
  scene.add("orphan-waiter", {.reason = "mutex lock", .owner_tid = gone, .owner_exited = true},
            [](Actor& actor) {
              actor.about_to_block();
              const std::lock_guard lock(orphan);
            });
  scene.add("self", {.reason = "mutex lock", .owner = "self"}, [](Actor& actor) {
    static std::mutex own;
    own.lock();
    actor.about_to_block();
    own.lock();
  });
}

/// Held by another process, whose threads are none of ours.
void add_held_elsewhere(Scene& scene) {
  constexpr std::size_t kCount = 4;
  using Mutexes = std::array<pthread_mutex_t, kCount>;
  constexpr std::array<const char*, kCount> kNames{"shared-plain", "shared-robust",
                                                   "shared-inherit", "shared-both"};
  void* const memory =
      ::mmap(nullptr, sizeof(Mutexes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto& mutexes = *static_cast<Mutexes*>(memory);
  for (std::size_t i = 0; i < kCount; ++i) {
    mutexes[i] = make_mutex(PTHREAD_MUTEX_NORMAL, i < 2 ? PTHREAD_PRIO_NONE : PTHREAD_PRIO_INHERIT,
                            i % 2 == 0 ? Robustness::kStalled : Robustness::kRobust,
                            Sharing::kProcessShared);
  }
  std::array<int, 2> pipe{};
  if (memory == MAP_FAILED || ::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    ::_exit(3);
  }
  if (::fork() == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (pthread_mutex_t& mutex : mutexes) {
      ::pthread_mutex_lock(&mutex);
    }
    (void)::write(pipe[1], "x", 1);
    for (;;) {
      ::pause();
    }
  }
  char held = 0;
  (void)::read(pipe[0], &held, 1);
  for (std::size_t i = 0; i < kCount; ++i) {
    scene.add(kNames[i], {.reason = "mutex lock"}, [&mutexes, i](Actor& actor) {
      actor.about_to_block();
      ::pthread_mutex_lock(&mutexes[i]);
    });
  }
}

}  // namespace

int main() {
  Scene scene;
  add_held_elsewhere(scene);
  add_every_kind(scene);
  add_standard_mutexes(scene);
  add_cycle_of_three(scene);
  add_dead_and_own_owners(scene);
  scene.announce();
  Scene::serve();
}
