// SPDX-License-Identifier: MIT
// A thread that waits on a stack which is not its own: a fibre made by makecontext.
#include "support.hpp"

#include <vector>

#include <ucontext.h>

namespace {

target::Actor* g_actor = nullptr;

[[gnu::noinline]] void wait_in_fibre() {
  g_actor->about_to_block();
  ::pause();
  target::keep_frame();
}

[[gnu::noinline]] void fibre_body() {
  wait_in_fibre();
  target::keep_frame();
}

[[gnu::noinline]] void resume_fibre() {
  static std::vector<char> stack(256 * 1024);
  static ucontext_t here;
  static ucontext_t fibre;
  ::getcontext(&fibre);
  fibre.uc_stack.ss_sp = stack.data();
  fibre.uc_stack.ss_size = stack.size();
  fibre.uc_link = &here;
  ::makecontext(&fibre, fibre_body, 0);
  ::swapcontext(&here, &fibre);
  target::keep_frame();
}

}  // namespace

int main() {
  target::Scene scene;
  scene.add("fibre", {.reason = "pause", .system_call = SYS_pause}, [](target::Actor& actor) {
    g_actor = &actor;
    resume_fibre();
  });
  scene.announce();
  target::Scene::serve();
}
