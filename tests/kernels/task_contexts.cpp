// SPDX-License-Identifier: MIT
// Kernels with a context, which somebody cancels, or forgets to.
#include "clock.hpp"
#include "tasks.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>

namespace kernels {
namespace {

using namespace std::chrono_literals;
using xgops::name_task;
using Signals = Channel<int>;
using Value = std::optional<int>;

/// Receives until one of two has something; which one.
auto receive_any(Signals& one, Signals& other, Value& value) {
  return select(one.receiving(value), other.receiving(value));
}

struct Context {
  Signals done;
  bool is_cancelled = false;

  void cancel() {
    if (!is_cancelled) {
      is_cancelled = true;
      done.close();
    }
  }
};

// grpc_862: a failed dial does not close what it began, which tries again for ever.
Task<> reset_transport(Clock& clock, Context& context) {
  name_task("T2");
  Value value;
  for (int n = 1; co_await receive_any(clock.after(n * 2ns), context.done, value) == 0; ++n) {
  }
}
Task<> dial(Scene& scene, Clock& clock, Context& context) {
  name_task("T0");
  scene.executor.spawn(reset_transport(clock, context));
  co_await yield();
  if (scene.fixed) {
    context.cancel();
  }
}
void grpc_862(Scene& scene) {
  auto& clock = scene.make<Clock>();
  auto& context = scene.make<Context>();
  scene.ends(context.done, {scene.executor.spawn(dial(scene, clock, context))});
  for (int i = 0; i < 5; ++i) {
    scene.executor.run_until_idle();
    clock.advance(1us);
  }
}

// cockroach_18101: the splitter sends on when who scattered what it split has left.
Task<> split(Signals& ready, Context& context, bool fixed) {
  name_task("T2");
  Value value;
  for (int item = 0; item < 8; ++item) {
    if (!fixed) {
      co_await ready.send(item);
    } else if (co_await select(ready.sending(item), context.done.receiving(value)) == 1) {
      break;
    }
  }
  ready.close();
}
Task<> scatter(Signals& ready, Context& context) {
  name_task("T1");
  for (Value item;;) {
    item = co_await ready.receive();
    if (!item) {
      co_return;
    }
    item = co_await context.done.receive();
    if (!item) {
      co_return;
    }
  }
}
Task<> cancel(Context& context) {
  name_task("helper");
  context.cancel();
  co_return;
}
void cockroach_18101(Scene& scene) {
  auto& ready = scene.make<Signals>(6);
  auto& context = scene.make<Context>();
  const auto t1 = scene.executor.spawn(scatter(ready, context));
  const auto t2 = scene.executor.spawn(split(ready, context, scene.fixed));
  scene.ends(ready, {t2}, {t1});
  scene.ends(context.done, {scene.executor.spawn(cancel(context))});
}

// cockroach_13197: a transaction is dropped without an end.
Task<> await_done(Context& context) {
  name_task("T2");
  co_await context.done.receive();
}
Task<> begin_transaction(Scene& scene, Context& context) {
  name_task("test");
  scene.executor.spawn(await_done(context));
  if (scene.fixed) {
    context.cancel();
  }
  co_return;
}
void cockroach_13197(Scene& scene) {
  auto& context = scene.make<Context>();
  scene.ends(context.done, {scene.executor.spawn(begin_transaction(scene, context))});
}

// kubernetes_25331: the result of a watch that was cancelled a moment ago.
Task<> watch(Signals& errors, Signals& result, Context& context) {
  name_task("T1");
  Value value;
  if (co_await receive_any(errors, context.done, value) == 0) {
    context.cancel();
    co_await result.send(1);
  }
}
Task<> fail_watch(Signals& errors, Context& context) {
  name_task("T2");
  co_await errors.send(1);
  context.cancel();
}
void kubernetes_25331(Scene& scene) {
  auto& errors = scene.make<Signals>();
  auto& result = scene.make<Signals>(scene.fixed ? 1 : 0);
  auto& context = scene.make<Context>();
  scene.executor.spawn(watch(errors, result, context));
  scene.executor.spawn(fail_watch(errors, context));
  scene.ends(result, {});
}

}  // namespace

const std::map<std::string, TaskKernel> kContextKernels{
    {"grpc_862", grpc_862},
    {"cockroach_18101", cockroach_18101},
    {"cockroach_13197", cockroach_13197},
    {"kubernetes_25331", kubernetes_25331},
};

}  // namespace kernels
