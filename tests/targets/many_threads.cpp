// SPDX-License-Identifier: MIT
// many_threads COUNT: COUNT threads, 20 to 30 frames deep, that wait for a condition, in epoll and
// in nanosleep by turns; and one that does nothing but read the clock and note its longest gap.
#include "support.hpp"

#include <condition_variable>

#include <pthread.h>
#include <sys/epoll.h>

namespace {

std::mutex g_mutex;
std::condition_variable g_condition;
volatile int g_sink = 0;
std::atomic<int> g_at_bottom{0};
std::atomic<std::int64_t> g_longest_gap_ns{0};

[[gnu::noinline]] void wait_for_condition() {
  std::unique_lock lock(g_mutex);
  g_at_bottom.fetch_add(1);
  g_condition.wait(lock, [] { return false; });
}

[[gnu::noinline]] void wait_in_epoll(int epoll) {
  g_at_bottom.fetch_add(1);
  for (epoll_event event{};;) {
    g_sink = ::epoll_wait(epoll, &event, 1, -1);
  }
}

[[gnu::noinline]] void wait_in_nanosleep() {
  g_at_bottom.fetch_add(1);
  for (const timespec two_hours{7200, 0};;) {
    g_sink = ::nanosleep(&two_hours, nullptr);
  }
}

void wait_somewhere(int index) {
  static const int epoll = target::check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  switch (index % 3) {
    case 0:
      return wait_for_condition();
    case 1:
      return wait_in_epoll(epoll);
    default:
      return wait_in_nanosleep();
  }
}

// Three functions with frames of three sizes, so that unwinding has something to do.
int descend_plainly(int depth, int index);
int descend_with_array(int depth, int index);
int descend_virtually(int depth, int index);

[[gnu::noinline]] int descend(int depth, int index) {  // NOLINT(misc-no-recursion)
  if (depth <= 0) {
    wait_somewhere(index);
    return 0;
  }
  switch (depth % 3) {
    case 0:
      return descend_plainly(depth - 1, index) + 1;
    case 1:
      return descend_with_array(depth - 1, index) + 1;
    default:
      return descend_virtually(depth - 1, index) + 1;
  }
}

[[gnu::noinline]] int descend_plainly(int depth, int index) {  // NOLINT(misc-no-recursion)
  const int result = descend(depth, index);
  g_sink = result;
  return result;
}

[[gnu::noinline]] int descend_with_array(int depth, int index) {  // NOLINT(misc-no-recursion)
  volatile char block[160];
  block[depth] = static_cast<char>(index);
  const int result = descend(depth, index);
  g_sink = block[depth];
  return result;
}

struct Step {
  virtual ~Step() = default;
  [[gnu::noinline]] virtual int down(int depth, int index) {  // NOLINT(misc-no-recursion)
    const int result = descend(depth, index);
    g_sink = result;
    return result;
  }
};

[[gnu::noinline]] int descend_virtually(int depth, int index) {  // NOLINT(misc-no-recursion)
  static Step step;
  Step* volatile which = &step;
  const int result = which->down(depth, index);
  g_sink = result;
  return result;
}

void start_waiters(int count) {
  pthread_attr_t small;
  ::pthread_attr_init(&small);
  ::pthread_attr_setstacksize(&small, 128 * 1024);
  for (int i = 0; i < count; ++i) {
    pthread_t thread{};
    const int error = ::pthread_create(
        &thread, &small,
        [](void* argument) -> void* {
          const auto index = static_cast<int>(reinterpret_cast<std::intptr_t>(argument));
          ::prctl(PR_SET_NAME, "waiter");
          g_sink = descend(7 + index % 5, index);
          return nullptr;
        },
        reinterpret_cast<void*>(static_cast<std::intptr_t>(i)));
    if (error != 0) {
      errno = error;
      target::fail("pthread_create");
    }
  }
  while (g_at_bottom.load() < count) {
    target::nap();
  }
}

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

[[gnu::noinline]] void spin() {
  for (std::int64_t last = now_ns();;) {
    const std::int64_t now = now_ns();
    if (now - last > g_longest_gap_ns.load(std::memory_order_relaxed)) {
      g_longest_gap_ns.store(now - last, std::memory_order_relaxed);
    }
    last = now;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 1000;
  const bool with_spinner = argc > 2 && std::string(argv[2]) == "spin";
  start_waiters(count);
  target::Scene scene;
  if (with_spinner) {
    scene.add("spinner", {.reason = "running", .system_call = target::kNotBlocked},
              [](target::Actor& actor) {
                actor.about_to_block();
                spin();
              });
  }
  scene.announce();
  // Every line asks for the longest gap in nanoseconds since the line before.
  target::Scene::serve(
      [](const std::string&) { return std::to_string(g_longest_gap_ns.exchange(0)); });
}
