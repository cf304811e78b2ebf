// SPDX-License-Identifier: MIT
// Leak patterns that were found in production code of a large company and published (CGO 2024).
#include "clock.hpp"
#include "leaks.hpp"

#include <chrono>
#include <optional>
#include <vector>

namespace kernels {
namespace {

using namespace std::chrono_literals;
using xgops::name_task;
using Signals = Channel<int>;
using Value = std::optional<int>;

Task<> send_one(Signals& channel) {
  name_task("child");
  co_await channel.send(1);
}

/// An error makes the parent return before it receives.
Task<> return_early(Scene& scene, Signals& channel) {
  scene.ends(channel, {scene.executor.spawn(send_one(channel))}, {xgops::current_task_id()});
  const bool has_failed = true;
  if (has_failed) {
    co_return;
  }
  co_await channel.receive();
}
void early_return(Scene& scene) {
  scene.executor.spawn(return_early(scene, scene.make<Signals>(scene.fixed ? 1 : 0)));
}

/// The parent waits for the child or a context that is cancelled already. Go chooses at random.
Task<> give_up(Scene& scene, Signals& channel, Signals& cancelled) {
  scene.ends(channel, {scene.executor.spawn(send_one(channel))}, {xgops::current_task_id()});
  Value value;
  co_await select(channel.receiving(value), cancelled.receiving(value));
}
void timeout_leak(Scene& scene) {
  auto& cancelled = scene.make<Signals>();
  cancelled.close();
  for (int i = 0; i < 100; ++i) {
    scene.executor.spawn(give_up(scene, scene.make<Signals>(scene.fixed ? 1 : 0), cancelled));
  }
}

/// Many answer, and the first answer is enough.
Task<> receive_first(Scene& scene, Signals& channel, int children) {
  for (int i = 0; i < children; ++i) {
    scene.ends(channel, {scene.executor.spawn(send_one(channel))});
  }
  scene.ends(channel, {}, {xgops::current_task_id()});
  if (scene.fixed && children == 0) {
    co_return;
  }
  co_await channel.receive();
}
void ncast_many(Scene& scene) {
  constexpr int kChildren = 100;
  auto& channel = scene.make<Signals>(scene.fixed ? kChildren : 0);
  scene.executor.spawn(receive_first(scene, channel, kChildren));
}
void ncast_empty(Scene& scene) {
  scene.executor.spawn(receive_first(scene, scene.make<Signals>(), 0));
}

/// Sends an error, and the value, too: a `return` is missing.
Task<> send_twice(Signals& channel, bool fixed) {
  name_task("child");
  co_await channel.send(0);
  if (fixed) {
    co_return;
  }
  co_await channel.send(1);
}
Task<> receive_if(Signals& channel, bool receives) {
  name_task("parent");
  if (receives) {
    co_await channel.receive();
  }
}
void double_send(Scene& scene, std::size_t capacity, bool receives) {
  auto& channel = scene.make<Signals>(capacity);
  const auto parent = scene.executor.spawn(receive_if(channel, receives));
  scene.ends(channel, {scene.executor.spawn(send_twice(channel, scene.fixed))}, {parent});
}
void double_send_unbuffered(Scene& scene) {
  double_send(scene, 0, true);
}
void double_send_buffer1(Scene& scene) {
  double_send(scene, 1, false);
}

/// A producer whose workers are none.
Task<> produce(Signals& items, int count, bool closes) {
  name_task("producer");
  for (int i = 0; i < count; ++i) {
    co_await items.send(i);
  }
  if (closes) {
    items.close();
  }
}
void unclosed_range_no_workers(Scene& scene) {
  auto& items = scene.make<Signals>(scene.fixed ? 3 : 0);
  scene.ends(items, {scene.executor.spawn(produce(items, 3, false))});
}

/// Workers that are never told that there is no more.
Task<> work(Signals& items) {
  name_task("worker");
  Value item;
  do {
    item = co_await items.receive();
  } while (item);
}
void unclosed_range_workers(Scene& scene) {
  auto& items = scene.make<Signals>();
  for (int i = 0; i < 10; ++i) {
    scene.ends(items, {}, {scene.executor.spawn(work(items))});
  }
  scene.ends(items, {scene.executor.spawn(produce(items, 20, scene.fixed))});
}

/// An object with `start` and `stop`, of which the second is forgotten.
class Listener {
 public:
  void start(Scene& scene, std::uint64_t owner) {
    scene.ends(items_, {owner}, {scene.executor.spawn(listen())});
    scene.ends(done_, {owner});
  }
  void stop() { done_.close(); }
  Signals& items() { return items_; }

 private:
  Task<> listen() {
    name_task("worker");
    Value value;
    while (co_await select(items_.receiving(value), done_.receiving(value)) == 0) {
    }
  }

  Signals items_;
  Signals done_;
};
Task<> use_listener(Scene& scene, Listener& listener) {
  name_task("owner");
  listener.start(scene, xgops::current_task_id());
  co_await listener.items().send(1);
  if (scene.fixed) {
    listener.stop();
  }
}
void method_contract_violation(Scene& scene) {
  scene.executor.spawn(use_listener(scene, scene.make<Listener>()));
}

/// Reports again and again; no way out.
Task<> report(Clock& clock) {
  name_task("reporter");
  for (;;) {
    co_await clock.sleep(1s);
  }
}
Task<> report_until(Clock& clock, Signals& done) {
  name_task("reporter");
  Value value;
  while (co_await select(clock.after(1s).receiving(value), done.receiving(value)) == 0) {
  }
}
void looping_timer(Scene& scene) {
  auto& clock = scene.make<Clock>();
  auto& done = scene.make<Signals>();
  scene.executor.spawn(scene.fixed ? report_until(clock, done) : report(clock));
  for (int i = 0; i < 3; ++i) {
    scene.executor.run_until_idle();
    clock.advance(1s);
  }
  done.close();
}

}  // namespace

const std::vector<Entry>& pattern_entries() {
  static const std::vector<Entry> all{
      {"early_return", early_return, {{"chan_send", 1, 1}}},
      {"timeout_leak", timeout_leak, {{"chan_send", 100, 100}}},
      {"ncast_many", ncast_many, {{"chan_send", 99, 99}}},
      {"ncast_empty", ncast_empty, {{"chan_recv", 1, 1}}},
      {"double_send_unbuffered", double_send_unbuffered, {{"chan_send", 1, 1}}},
      {"double_send_buffer1", double_send_buffer1, {{"chan_send", 1, 1}}},
      {"unclosed_range_no_workers", unclosed_range_no_workers, {{"chan_send", 1, 1}}},
      {"unclosed_range_workers", unclosed_range_workers, {{"chan_recv", 10, 10}}},
      {"method_contract_violation", method_contract_violation, {{"select", 1, 1}}},
      {"looping_timer", looping_timer, {{"timer", 1, 0}}},
  };
  return all;
}

}  // namespace kernels
