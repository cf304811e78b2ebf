// SPDX-License-Identifier: MIT
// A thread that waits below machine code made at run time, which no module and no table describes.
// Built with frame pointers, too: without them nothing leads through that code.
#include "support.hpp"

#include <array>

#include <sys/mman.h>

namespace {

target::Actor* g_actor = nullptr;

[[gnu::noinline]] void called_by_jit() {
  g_actor->about_to_block();
  ::pause();
  target::keep_frame();
}

/// push rbp; mov rbp, rsp; sub rsp, 64; call rdi; leave; ret
constexpr std::array<unsigned char, 12> kCode{0x55, 0x48, 0x89, 0xe5, 0x48, 0x83,
                                              0xec, 0x40, 0xff, 0xd7, 0xc9, 0xc3};

[[gnu::noinline]] void calls_jit() {
  void* const memory =
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    target::fail("mmap");
  }
  std::memcpy(memory, kCode.data(), kCode.size());
  target::check(::mprotect(memory, 4096, PROT_READ | PROT_EXEC), "mprotect");
  reinterpret_cast<void (*)(void (*)())>(memory)(called_by_jit);
  target::keep_frame();
}

}  // namespace

int main() {
  target::Scene scene;
  scene.add("jit", {.reason = "pause", .system_call = SYS_pause}, [](target::Actor& actor) {
    g_actor = &actor;
    calls_jit();
  });
  scene.announce();
  target::Scene::serve();
}
