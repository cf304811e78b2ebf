// SPDX-License-Identifier: MIT
// Threads that may only read, write and return: a signal handler that makes one system call, or
// reads the clock, kills the program.
#include "io_support.hpp"

#include <linux/seccomp.h>

namespace {

using target::Actor;

volatile unsigned g_sink = 0;

void enter_strict_mode() {
  target::check(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT), "PR_SET_SECCOMP");
}

[[gnu::noinline]] void spin_in_prison() {
  for (;;) {
    g_sink = g_sink + 1;
  }
}

[[gnu::noinline]] void read_in_prison(int fd) {
  char byte = 0;
  (void)!::read(fd, &byte, sizeof byte);
  target::keep_frame();
}

}  // namespace

int main() {
  target::Scene scene;
  scene.add("strict-reader", {.reason = "pipe read", .system_call = SYS_read}, [](Actor& actor) {
    const int fd = target::make_pipe().first;
    actor.waits_on(fd);
    actor.about_to_block();
    enter_strict_mode();
    read_in_prison(fd);
  });
  scene.add("strict-spinner", {.reason = "running|runnable", .system_call = target::kNotBlocked},
            [](Actor& actor) {
              enter_strict_mode();
              actor.about_to_block();
              spin_in_prison();
            });
  scene.announce();
  target::Scene::serve();
}
