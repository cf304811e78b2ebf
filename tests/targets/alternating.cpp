// SPDX-License-Identifier: MIT
// Threads that go up and down two call chains without rest, blocking briefly at the end of each. A
// stack with functions of both chains was never there: it is torn.
#include "support.hpp"

#include <mutex>

#include <poll.h>

namespace {

std::mutex g_mutex;
std::atomic<std::uint64_t> g_rounds{0};
volatile int g_sink = 0;

[[gnu::noinline]] void chain_a_end() {
  const timespec moment{0, 30'000};
  ::nanosleep(&moment, nullptr);
  target::keep_frame();
}

[[gnu::noinline]] void chain_b_end() {
  ::poll(nullptr, 0, 0);
  const std::lock_guard lock(g_mutex);
  const timespec moment{0, 20'000};
  ::nanosleep(&moment, nullptr);
  target::keep_frame();
}

// The frames of the two chains differ in size, so that a read in between finds the wrong words.
template <int Depth>
[[gnu::noinline]] void chain_a() {
  volatile char small[64];
  small[0] = static_cast<char>(Depth);
  if constexpr (Depth > 0) {
    chain_a<Depth - 1>();
  } else {
    chain_a_end();
  }
  g_sink = small[0];
}

template <int Depth>
[[gnu::noinline]] void chain_b(int index) {
  volatile char large[200];
  large[index] = static_cast<char>(Depth);
  if constexpr (Depth > 0) {
    chain_b<Depth - 1>(index + 1);
  } else {
    chain_b_end();
  }
  g_sink = large[index];
}

void alternate(target::Actor& actor) {
  actor.about_to_block();
  for (;;) {
    chain_a<9>();
    chain_b<14>(0);
    g_rounds.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace

int main() {
  target::Scene scene;
  for (int i = 0; i < 6; ++i) {
    scene.add("alternate-" + std::to_string(i), {.reason = "", .system_call = target::kNotBlocked},
              alternate);
  }
  scene.announce();
  target::Scene::serve([](const std::string&) { return std::to_string(g_rounds.load()); });
}
