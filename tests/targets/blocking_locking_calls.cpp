// SPDX-License-Identifier: MIT
// Calls that wait for another thread.
#include "blocking_calls.hpp"

#include <future>

#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>

namespace target {
namespace {

timespec two_hours_from_now() {
  timespec deadline{};
  ::clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_sec += 7200;
  return deadline;
}

void append_mutexes(std::vector<BlockingCall>& calls) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  std::thread([] { ::pthread_mutex_lock(&mutex); }).join();
  calls.push_back({"mutex lock", SYS_futex, [](Actor& actor) -> long {
                     actor.about_to_block();
                     return ::pthread_mutex_lock(&mutex);
                   }});
  calls.push_back({"mutex timed", SYS_futex, [](Actor& actor) -> long {
                     const timespec deadline = two_hours_from_now();
                     actor.about_to_block();
                     return ::pthread_mutex_timedlock(&mutex, &deadline);
                   }});
  static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
  std::thread([] { ::pthread_rwlock_wrlock(&rwlock); }).join();
  calls.push_back({"rwlock read", SYS_futex, [](Actor& actor) -> long {
                     actor.about_to_block();
                     return ::pthread_rwlock_rdlock(&rwlock);
                   }});
}

// Conditions may wake spuriously by the book; glibc's do so only when something disturbs the wait.
void append_conditions(std::vector<BlockingCall>& calls) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  calls.push_back({"cond wait", SYS_futex, [](Actor& actor) -> long {
                     ::pthread_mutex_lock(&mutex);
                     actor.about_to_block();
                     return ::pthread_cond_wait(&condition, &mutex);
                   }});
  calls.push_back({"cond timed", SYS_futex, [](Actor& actor) -> long {
                     ::pthread_mutex_lock(&mutex);
                     const timespec deadline = two_hours_from_now();
                     actor.about_to_block();
                     return ::pthread_cond_timedwait(&condition, &mutex, &deadline);
                   }});
}

void append_counters(std::vector<BlockingCall>& calls) {
  static sem_t semaphore;
  ::sem_init(&semaphore, 0, 0);
  calls.push_back({"sem_wait", SYS_futex, [](Actor& actor) -> long {
                     actor.about_to_block();
                     return ::sem_wait(&semaphore);
                   }});
  calls.push_back({"sem_timedwait", SYS_futex, [](Actor& actor) -> long {
                     const timespec deadline = two_hours_from_now();
                     actor.about_to_block();
                     return ::sem_timedwait(&semaphore, &deadline);
                   }});
  static std::promise<int> promise;
  static std::shared_future<int> future = promise.get_future().share();
  calls.push_back({"future timed", SYS_futex, [](Actor& actor) -> long {
                     actor.about_to_block();
                     return static_cast<long>(future.wait_for(std::chrono::hours(2)));
                   }});
  static std::atomic<int> number{0};
  calls.push_back({"atomic wait", SYS_futex, [](Actor& actor) -> long {
                     actor.about_to_block();
                     number.wait(0);
                     return 0;
                   }});
}

}  // namespace

void append_locking_calls(std::vector<BlockingCall>& calls) {
  append_mutexes(calls);
  append_conditions(calls);
  append_counters(calls);
  calls.push_back({"join", SYS_futex, [](Actor& actor) -> long {
                     std::thread sleeper(
                         [] { std::this_thread::sleep_for(std::chrono::hours(2)); });
                     actor.about_to_block();
                     return ::pthread_join(sleeper.native_handle(), nullptr);
                   }});
  static int word = 0;
  calls.push_back({"futex timed", SYS_futex, [](Actor& actor) -> long {
                     const timespec two_hours{7200, 0};
                     actor.about_to_block();
                     return ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &two_hours, nullptr,
                                      0);
                   }});
  calls.push_back({"futex", SYS_futex, [](Actor& actor) -> long {
                     actor.about_to_block();
                     return ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
                   }});
}

}  // namespace target
