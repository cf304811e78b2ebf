// SPDX-License-Identifier: MIT
// Goes into an empty root directory: no /proc, no libraries, no sockets are in sight.
#include "support.hpp"

#include <sys/stat.h>

namespace {

[[gnu::noinline]] void wait_in_empty_root(target::Actor& actor) {
  actor.about_to_block();
  ::pause();
  target::keep_frame();
}

}  // namespace

int main() {
  target::Scene scene;
  scene.add("worker", {.reason = "pause", .system_call = SYS_pause}, wait_in_empty_root);
  scene.announce();
  target::Scene::serve([](const std::string&) {
    ::mkdir("empty", 0700);
    const bool changed = ::chroot("empty") == 0 && ::chdir("/") == 0;
    return std::string(changed ? "changed" : std::strerror(errno));
  });
}
