// SPDX-License-Identifier: MIT
// A thread that waits 5000 calls deep: far more frames than anybody wants to read.
#include "support.hpp"

namespace {

volatile int g_sink = 0;

[[gnu::noinline]] void deepest(target::Actor& actor) {
  actor.about_to_block();
  ::pause();
  target::keep_frame();
}

[[gnu::noinline]] int descend(int depth, target::Actor& actor) {  // NOLINT(misc-no-recursion)
  if (depth == 0) {
    deepest(actor);
    return 0;
  }
  const int result = descend(depth - 1, actor);
  g_sink = result;
  return result + 1;
}

}  // namespace

int main() {
  target::Scene scene;
  scene.add("deep", {.reason = "pause", .system_call = SYS_pause},
            [](target::Actor& actor) { g_sink = descend(5000, actor); });
  scene.announce();
  target::Scene::serve();
}
