// SPDX-License-Identifier: MIT
// Begins as root, then becomes user 65534, as servers do: the kernel then hides the process from
// itself, until it is made dumpable.
#include "support.hpp"

#include <grp.h>

namespace {

[[gnu::noinline]] void wait_as_nobody(target::Actor& actor) {
  actor.about_to_block();
  for (;;) {
    ::pause();  // setuid(2) interrupts every thread: each must change its user.
  }
}

}  // namespace

int main() {
  target::Scene scene;
  scene.add("worker", {.reason = "pause", .system_call = SYS_pause}, wait_as_nobody);
  // Before: afterwards the threads' states cannot be read.
  scene.announce();
  target::Scene::serve([](const std::string&) {
    const bool dropped =
        ::setgroups(0, nullptr) == 0 && ::setgid(65534) == 0 && ::setuid(65534) == 0;
    return std::string(dropped ? "dropped" : std::strerror(errno));
  });
}
