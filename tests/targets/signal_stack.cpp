// SPDX-License-Identifier: MIT
// Threads that wait inside a signal handler, one on an alternate stack, one on its own.
#include "support.hpp"

#include <vector>

#include <signal.h>

namespace {

thread_local target::Actor* g_actor = nullptr;

[[gnu::noinline]] void wait_in_handler() {
  g_actor->about_to_block();
  ::pause();
  target::keep_frame();
}

void handle_signal(int, siginfo_t*, void*) {
  wait_in_handler();
  target::keep_frame();
}

/// Interrupted at a known instruction, not in a call: the handler's caller is found only through
/// the registers that the kernel saved.
[[gnu::noinline]] void trap_here() {
  asm volatile("ud2");
  target::keep_frame();
}

[[gnu::noinline]] void interrupted_function() {
  trap_here();
  target::keep_frame();
}

void use_alternate_stack() {
  static std::vector<char> memory(65'536);
  stack_t stack{};
  stack.ss_sp = memory.data();
  stack.ss_size = memory.size();
  target::check(::sigaltstack(&stack, nullptr), "sigaltstack");
}

}  // namespace

int main() {
  struct sigaction action {};
  action.sa_sigaction = handle_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  target::check(::sigaction(SIGILL, &action, nullptr), "sigaction");
  target::Scene scene;
  scene.add("own-stack", {.reason = "pause", .system_call = SYS_pause}, [](target::Actor& actor) {
    g_actor = &actor;
    interrupted_function();
  });
  scene.add("other-stack", {.reason = "pause", .system_call = SYS_pause}, [](target::Actor& actor) {
    g_actor = &actor;
    use_alternate_stack();
    interrupted_function();
  });
  scene.announce();
  target::Scene::serve();
}
