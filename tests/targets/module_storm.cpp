// SPDX-License-Identifier: MIT
// Libraries come and go all the time, while other threads wait with frames in libraries that stay.
#include "support.hpp"

#include <array>

#include <dlfcn.h>

namespace {

std::atomic<std::uint64_t> g_loads{0};

void load_and_unload(const char* path) {
  void* const plugin = ::dlopen(path, RTLD_NOW);
  if (plugin == nullptr) {
    std::fprintf(stderr, "%s\n", ::dlerror());
    ::_exit(3);
  }
  const auto work = reinterpret_cast<int (*)(int)>(::dlsym(plugin, "plugin_work"));
  work(100);
  ::dlclose(plugin);
  g_loads.fetch_add(1, std::memory_order_relaxed);
}

[[gnu::noinline]] int compare_then_wait(const void*, const void*) {
  static thread_local bool waited = false;
  if (!waited) {
    waited = true;
    for (;;) {
      ::pause();
    }
  }
  return 0;
}

}  // namespace

int main() {
  static constexpr std::array<const char*, 4> kPlugins{XGOPS_TARGET_PLUGINS};
  target::Scene scene;
  for (const char* plugin : kPlugins) {
    scene.add("loader", {.reason = "", .system_call = target::kNotBlocked},
              [plugin](target::Actor& actor) {
                for (;;) {
                  load_and_unload(plugin);
                  actor.about_to_block();
                }
              });
  }
  scene.add("sorter", {.reason = "pause", .system_call = SYS_pause}, [](target::Actor& actor) {
    std::array<int, 4> numbers{};
    actor.about_to_block();
    std::qsort(numbers.data(), numbers.size(), sizeof(int), compare_then_wait);
  });
  scene.announce();
  target::Scene::serve([](const std::string&) { return std::to_string(g_loads.load()); });
}
