// SPDX-License-Identifier: MIT
// One thread with a short stack of known functions. Also built statically, stripped, without agent.
#include "support.hpp"

namespace {

[[gnu::noinline]] void innermost(target::Actor& actor) {
  actor.about_to_block();
  ::pause();
  target::keep_frame();
}

[[gnu::noinline]] void middle(target::Actor& actor) {
  innermost(actor);
  target::keep_frame();
}

[[gnu::noinline]] void outermost(target::Actor& actor) {
  middle(actor);
  target::keep_frame();
}

}  // namespace

int main() {
  target::Scene scene;
  scene.add("worker", {.reason = "pause", .system_call = SYS_pause}, outermost);
  scene.announce();
  target::Scene::serve();
}
