// SPDX-License-Identifier: MIT
// The only target that knows of xgops: it starts its agent itself. Also built statically.
#include "support.hpp"
#include "xgops/agent.hpp"

#include <mutex>

namespace {

std::mutex g_mutex;

[[gnu::noinline]] void wait_for_mutex(target::Actor& actor) {
  actor.about_to_block();
  const std::lock_guard lock(g_mutex);
}

[[gnu::noinline]] void wait_in_pause(target::Actor& actor) {
  const std::lock_guard lock(g_mutex);
  actor.about_to_block();
  for (;;) {
    ::pause();
  }
}

[[gnu::noinline]] void spin_here() {
  static volatile unsigned count = 0;
  for (;;) {
    count = count + 1;
  }
}

}  // namespace

int main() {
  auto agent = xgops::Agent::start();
  if (!agent) {
    std::fprintf(stderr, "%s\n", agent.error().message().c_str());
    return 1;
  }
  target::Scene scene;
  scene.add("owner", {.reason = "pause", .system_call = SYS_pause}, wait_in_pause);
  scene.add("waiter", {.reason = "mutex lock", .owner = "owner"}, wait_for_mutex);
  scene.add("spinner", {.reason = "running|runnable", .system_call = target::kNotBlocked},
            [](target::Actor& actor) {
              actor.about_to_block();
              spin_here();
            });
  scene.announce();
  target::Scene::serve();
}
