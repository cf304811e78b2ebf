// SPDX-License-Identifier: MIT
// The classic: two threads take two std::mutexes in opposite order.
#include "support.hpp"

#include <barrier>
#include <mutex>

namespace {

std::mutex g_first;
std::mutex g_second;
std::barrier<> g_both_hold_one(2);

[[gnu::noinline]] void lock_first_then_second(target::Actor& actor) {
  const std::lock_guard first(g_first);
  actor.about_to_block();
  g_both_hold_one.arrive_and_wait();
  const std::lock_guard second(g_second);
}

[[gnu::noinline]] void lock_second_then_first(target::Actor& actor) {
  const std::lock_guard second(g_second);
  actor.about_to_block();
  g_both_hold_one.arrive_and_wait();
  const std::lock_guard first(g_first);
}

}  // namespace

int main() {
  target::Scene scene;
  scene.add("alice", {.reason = "mutex lock", .owner = "bob"}, lock_first_then_second);
  scene.add("bob", {.reason = "mutex lock", .owner = "alice"}, lock_second_then_first);
  scene.announce();
  target::Scene::serve();
}
