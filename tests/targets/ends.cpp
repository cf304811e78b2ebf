// SPDX-License-Identifier: MIT
// ends HOW: ends in the way that the next line of stdin names, with a static object that works to
// the last, and a thread that goes on meanwhile.
#include "support.hpp"

namespace {

std::atomic<bool> g_destroyed{false};

/// Destroyed after main, while the other thread still runs.
struct LateWorker {
  std::vector<std::string> memory{1000, "a string that is long enough to be allocated"};
  ~LateWorker() {
    memory.clear();
    g_destroyed = true;
    std::printf("destroyed\n");
    std::fflush(stdout);
  }
} g_late_worker;

}  // namespace

int main() {
  target::Scene scene;
  scene.add("worker", {.reason = "pause", .system_call = SYS_pause}, [](target::Actor& actor) {
    actor.about_to_block();
    ::pause();
  });
  scene.announce();
  std::string how;
  std::getline(std::cin, how);
  if (how == "_exit") {
    ::_exit(5);
  }
  if (how == "exit") {
    std::exit(5);
  }
  if (how == "abort") {
    std::abort();
  }
  if (how == "crash") {
    asm volatile("ud2");
  }
  return 5;
}
