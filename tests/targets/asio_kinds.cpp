// SPDX-License-Identifier: MIT
// A task of every kind that Asio has. Each prints what it waits for; then `ready`, once all wait.
#include "asio_kinds.hpp"

#include "xgops/tasks.hpp"

#include <cstdio>

namespace kinds {
namespace {

void print(std::uint64_t id, const char* wait, const Place& where) {
  std::printf("{\"id\":%llu,\"wait\":\"%s\",\"file\":\"%s\",\"line\":%u,\"function\":\"%s\"}\n",
              static_cast<unsigned long long>(id), wait, where.file, where.line, where.function);
}

}  // namespace

void announce(const char* wait, const Place& where) {
  print(xgops::current_task_id(), wait, where);
}

void announce_created(const char* wait, const Place& where) {
  print(0, wait, where);
}

}  // namespace kinds

int main() {
  // Never destroyed: the end of stdin ends the process.
  auto& scene = *new kinds::Scene;
  kinds::spawn_executors(scene);
  kinds::spawn_tokens(scene);
  kinds::spawn_groups(scene);
  kinds::spawn_input_output(scene);
  kinds::spawn_channels(scene);
  kinds::spawn_coros(scene);
  kinds::spawn_states(scene);
  while (scene.io.poll() > 0) {
  }
  std::printf("ready\n");
  std::fflush(stdout);
  scene.io.run();
}
