// SPDX-License-Identifier: MIT
// Kernels in which tasks wait for messages and for conditions that nobody notifies any more.
#include "tasks.hpp"

#include <map>
#include <optional>
#include <string>

namespace kernels {
namespace {

using xgops::name_task;
using Signals = Channel<int>;

/// Somebody to notify, and the lock that goes with it.
struct Changes {
  Mutex mutex;
  Condition<Mutex> changed{mutex};
};

// kubernetes_11298: the notification comes before the one that waits for it, on behalf of another.
struct Backoff {
  Changes changes;
  Signals abort;
  Signals returned;
  Signals loop_done;
  bool is_aborted = false;
};
Task<> wait_on_behalf(Backoff& it, bool fixed) {
  name_task("X");
  if (!fixed || !it.is_aborted) {
    co_await it.changes.changed.wait();
  }
  it.changes.mutex.unlock();
  it.returned.close();
}
Task<> service_loop(Scene& scene, Backoff& it) {
  name_task("L");
  co_await it.changes.mutex.lock();
  const auto x = scene.executor.spawn(wait_on_behalf(it, scene.fixed));
  scene.ends(it.returned, {x});
  std::optional<int> value;
  if (co_await select(it.abort.receiving(value), it.returned.receiving(value)) == 0) {
    it.is_aborted = true;
    it.changes.changed.notify_one();
    co_await it.returned.receive();
  }
  it.loop_done.close();
}
Task<> notify_until_aborted(Backoff& it) {
  name_task("N");
  std::optional<int> value;
  while (!try_select(it.abort.receiving(value))) {
    co_await it.changes.mutex.lock();
    it.changes.changed.notify_one();
    it.changes.mutex.unlock();
    co_await yield();
  }
}
Task<> abort_and_wait(Backoff& it) {
  name_task("test");
  it.abort.close();
  co_await it.loop_done.receive();
}
void kubernetes_11298(Scene& scene) {
  auto& it = scene.make<Backoff>();
  const auto test = scene.executor.spawn(abort_and_wait(it));
  const auto n = scene.executor.spawn(notify_until_aborted(it));
  const auto l = scene.executor.spawn(service_loop(scene, it));
  scene.ends(it.abort, {test});
  scene.ends(it.loop_done, {l});
  scene.notifiers(it.changes.changed, {l, n});
}

// moby_29733: a plugin that nobody activates, in a global table.
struct Plugin {
  Changes changes;
  bool is_activated = false;
};
std::map<std::string, Plugin*> g_plugins;

Task<> wait_active(Signals& done) {
  name_task("T1");
  Plugin& plugin = *g_plugins.at("plugin");
  co_await plugin.changes.mutex.lock();
  while (!plugin.is_activated) {
    co_await plugin.changes.changed.wait();
  }
  plugin.changes.mutex.unlock();
  done.close();
}
Task<> test_active(Scene& scene, Signals& done) {
  name_task("test");
  scene.ends(done, {scene.executor.spawn(wait_active(done))});
  co_await yield();
  if (scene.fixed) {
    Plugin& plugin = *g_plugins.at("plugin");
    const auto lock = co_await plugin.changes.mutex.scoped();
    plugin.is_activated = true;
    plugin.changes.changed.notify_all();
  }
  co_await done.receive();
}
void moby_29733(Scene& scene) {
  auto& plugin = scene.make<Plugin>();
  g_plugins["plugin"] = &plugin;
  auto& done = scene.make<Signals>();
  scene.notifiers(plugin.changes.changed, {scene.executor.spawn(test_active(scene, done))});
}

}  // namespace

const std::map<std::string, TaskKernel> kConditionKernels{
    {"kubernetes_11298", kubernetes_11298},
    {"moby_29733", moby_29733},
};

}  // namespace kernels
