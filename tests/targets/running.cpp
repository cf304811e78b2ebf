// SPDX-License-Identifier: MIT
// Threads that never sleep: one that can be signalled, one that blocks every signal, one on the
// smallest stack that exists; and one that waits for all signals, which would eat ours.
#include "support.hpp"

#include <limits.h>
#include <pthread.h>
#include <signal.h>

namespace {

using target::Actor;
using target::Scene;

volatile unsigned g_sink = 0;
std::atomic<int> g_signals_eaten{0};

[[gnu::noinline]] void spin_here() {
  for (;;) {
    g_sink = g_sink + 1;
  }
}

[[gnu::noinline]] void calls_spin_here() {
  spin_here();
  target::keep_frame();
}

void block_all_signals() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

void add_spinner_on_small_stack(Scene& scene) {
  static Actor& actor = scene.expect(
      "small-stack", {.reason = "running|runnable", .system_call = target::kNotBlocked});
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, static_cast<std::size_t>(PTHREAD_STACK_MIN));
  pthread_t thread{};
  ::pthread_create(
      &thread, &attributes,
      [](void*) -> void* {
        Scene::adopt(actor);
        actor.about_to_block();
        spin_here();
        return nullptr;
      },
      nullptr);
}

}  // namespace

int main() {
  Scene scene;
  const target::Expectation runs{.reason = "running|runnable", .system_call = target::kNotBlocked};
  scene.add("spinner", runs, [](Actor& actor) {
    actor.about_to_block();
    calls_spin_here();
  });
  scene.add("masked", runs, [](Actor& actor) {
    block_all_signals();
    actor.about_to_block();
    calls_spin_here();
  });
  scene.add("sigwait-all", {.reason = "signal wait", .system_call = SYS_rt_sigtimedwait},
            [](Actor& actor) {
              block_all_signals();
              sigset_t all;
              ::sigfillset(&all);
              actor.about_to_block();
              for (int number = 0;;) {
                ::sigwait(&all, &number);
                g_signals_eaten.fetch_add(1);
              }
            });
  add_spinner_on_small_stack(scene);
  scene.announce();
  // Every line asks how many signals the program got that it was not meant to get.
  Scene::serve([](const std::string&) { return std::to_string(g_signals_eaten.load()); });
}
