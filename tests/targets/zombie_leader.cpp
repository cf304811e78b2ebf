// SPDX-License-Identifier: MIT
// The main thread has ended, the others live on: /proc/PID/maps of such a process is empty.
#include "support.hpp"

#include <pthread.h>

namespace {

[[gnu::noinline]] void outlive_main(target::Actor& actor) {
  actor.about_to_block();
  ::pause();
  target::keep_frame();
}

bool main_has_ended() {
  std::string path = "/proc/self/task/" + std::to_string(::getpid()) + "/stat";
  std::FILE* const file = std::fopen(path.c_str(), "re");
  char text[256] = "";
  const bool read = file != nullptr && std::fgets(text, sizeof text, file) != nullptr;
  if (file != nullptr) {
    std::fclose(file);
  }
  return read && std::strstr(text, ") Z ") != nullptr;
}

}  // namespace

int main() {
  static target::Scene scene;
  scene.add("survivor", {.reason = "pause", .system_call = SYS_pause}, outlive_main);
  std::thread([] {
    while (!main_has_ended()) {
      target::nap();
    }
    scene.announce();
    target::Scene::serve();
  }).detach();
  ::pthread_exit(nullptr);
}
