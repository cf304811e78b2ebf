// SPDX-License-Identifier: MIT
// A process and a child that it forked, both alive, each with a function of its own on its stack.
#include "io_support.hpp"

namespace {

[[gnu::noinline]] void wait_in_child(int parent) {
  char byte = 0;
  (void)!::read(parent, &byte, sizeof byte);  // Ends when the parent does.
  ::_exit(0);
}

[[gnu::noinline]] void wait_in_parent(target::Actor& actor) {
  actor.about_to_block();
  ::pause();
  target::keep_frame();
}

}  // namespace

int main() {
  const target::Ends pipe = target::make_pipe();
  const pid_t child = target::check(::fork(), "fork");
  if (child == 0) {
    ::close(pipe.second);
    wait_in_child(pipe.first);
  }
  target::Scene scene;
  scene.add("worker", {.reason = "pause", .system_call = SYS_pause}, wait_in_parent);
  std::printf("{\"name\":\"child\",\"tid\":%d}\n", child);
  scene.announce();
  target::Scene::serve();
}
