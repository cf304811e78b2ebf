// SPDX-License-Identifier: MIT
// Kernels in which tasks only wait for each other's messages: no lock is involved.
#include "clock.hpp"
#include "support/sync/once.hpp"
#include "tasks.hpp"

#include <array>
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

// cockroach_2448: one sends an event while the other sends a callback, each to the other.
Task<> process_events(Signals& events, Signals& callbacks, Signals& stop) {
  name_task("T1");
  Value value;
  int callback = 1;
  while (co_await receive_any(events, stop, value) == 0) {
    if (co_await select(callbacks.sending(callback), stop.receiving(value)) == 1) {
      co_return;
    }
  }
}
Task<> serve_multiraft(Signals& events, Signals& callbacks, Signals& stop, bool fixed) {
  name_task("T2");
  Value value;
  int event = 1;
  for (int called = 0; called < 2;) {
    if (const auto done = try_select(stop.receiving(value), callbacks.receiving(value))) {
      called += *done == 1 ? 1 : 0;
    } else if (!fixed) {
      co_await select(events.sending(event), stop.receiving(value));
    } else if (co_await select(events.sending(event), callbacks.receiving(value)) == 1) {
      ++called;
    }
  }
  stop.close();
}
void cockroach_2448(Scene& scene) {
  auto& events = scene.make<Signals>();
  auto& callbacks = scene.make<Signals>();
  auto& stop = scene.make<Signals>();
  const auto t1 = scene.executor.spawn(process_events(events, callbacks, stop));
  const auto t2 = scene.executor.spawn(serve_multiraft(events, callbacks, stop, scene.fixed));
  scene.ends(events, {t2}, {t1});
  scene.ends(callbacks, {t1}, {t2});
  scene.ends(stop, {t2});
}

// cockroach_25456: asks "does it drain?" of a channel that is closed at a shutdown.
Task<> is_draining(Signals& quiesce, bool fixed) {
  name_task("test");
  Value value;
  if (fixed) {
    try_select(quiesce.receiving(value));
    co_return;
  }
  co_await quiesce.receive();
}
void cockroach_25456(Scene& scene) {
  auto& quiesce = scene.make<Signals>();
  scene.ends(quiesce, {scene.executor.spawn(is_draining(quiesce, scene.fixed))});
}

// cockroach_35931: tells two inbound streams one after the other; the first is full.
Task<> cancel_streams(Signals& left, Signals& right, bool fixed) {
  name_task("test");
  int metadata = 1;
  for (Signals* const stream : {&left, &right}) {
    if (fixed) {
      try_select(stream->sending(metadata));
    } else {
      co_await stream->send(metadata);
    }
  }
}
void cockroach_35931(Scene& scene) {
  auto& left = scene.make<Signals>(1);
  auto& right = scene.make<Signals>(1);
  int row = 1;
  try_select(left.sending(row));
  const auto test = scene.executor.spawn(cancel_streams(left, right, scene.fixed));
  scene.ends(left, {}, {test});
  scene.ends(right, {}, {test});
}

// grpc_1275: the stream is closed without a word to who reads from it.
Task<> read_stream(Signals& buffer, Signals& done) {
  name_task("T1");
  co_await buffer.receive();
  done.close();
}
Task<> close_stream(Signals& buffer, Signals& done, Signals& timeout, bool fixed) {
  name_task("test");
  if (fixed) {
    buffer.close();
  }
  Value value;
  co_await receive_any(done, timeout, value);
}
void grpc_1275(Scene& scene) {
  auto& buffer = scene.make<Signals>();
  auto& done = scene.make<Signals>();
  auto& clock = scene.make<Clock>();
  const auto t1 = scene.executor.spawn(read_stream(buffer, done));
  const auto test =
      scene.executor.spawn(close_stream(buffer, done, clock.after(300ns), scene.fixed));
  scene.ends(buffer, {test}, {t1});
  scene.ends(done, {t1}, {test});
  if (!scene.fixed) {
    scene.executor.run_until_idle();
    clock.advance(1us);
  }
}

// grpc_660: the last one that tells its parent that it is done has no parent any more.
Task<> close_connection(Signals& done) {
  name_task("T2");
  co_await done.send(1);
}
Task<> benchmark(Scene& scene, std::array<Signals*, 2> rounds, Signals& stop, Gate& last_round) {
  name_task("T1");
  Value value;
  for (Signals* const done : rounds) {
    if (done == rounds[1]) {
      last_round.open();  // The helper comes first.
    }
    const auto t2 = scene.executor.spawn(close_connection(*done));
    scene.ends(*done, {t2}, {xgops::current_task_id()});
    if (co_await receive_any(stop, *done, value) == 0) {
      co_return;
    }
  }
}
Task<> send_after(const char* name, Signals& channel, Gate& gate) {
  name_task(name);
  co_await gate.wait();
  co_await channel.send(1);
}
void grpc_660(Scene& scene) {
  auto& first = scene.make<Signals>(scene.fixed ? 1 : 0);
  auto& second = scene.make<Signals>(scene.fixed ? 1 : 0);
  auto& stop = scene.make<Signals>();
  auto& last_round = scene.make<Gate>();
  const auto t1 = scene.executor.spawn(benchmark(scene, {&first, &second}, stop, last_round));
  scene.ends(stop, {scene.executor.spawn(send_after("helper", stop, last_round))}, {t1});
}

// kubernetes_38669: sends what there was at first before anybody could receive it.
Task<> process_watch(Signals& result, Signals& input) {
  name_task("T1");
  for (int event = 0; event < 2; ++event) {
    co_await result.send(event);
  }
  Value more;
  do {
    more = co_await input.receive();
  } while (more);
}
Task<> stop_watch(Signals& input) {
  name_task("test");
  input.close();
  co_return;
}
void kubernetes_38669(Scene& scene) {
  auto& result = scene.make<Signals>(scene.fixed ? 2 : 0);
  auto& input = scene.make<Signals>();
  scene.executor.spawn(process_watch(result, input));
  const auto test = scene.executor.spawn(stop_watch(input));
  scene.ends(input, {test});
  scene.ends(result, {}, {test});
}

// kubernetes_70277: waits for its own end, which closes what it waits for.
Task<> poll_every(Signals& tick, Signals& timeout, Signals& done, Signals& polled) {
  name_task("T1");
  Value value;
  for (;;) {
    if (co_await select(tick.receiving(value), timeout.receiving(value), done.receiving(value)) !=
        0) {
      break;
    }
    int ignored = 1;
    try_select(polled.sending(ignored));
  }
  polled.close();
}
Task<> wait_for(Signals& polled, Signals& done, bool fixed) {
  name_task("test");
  co_await polled.receive();
  if (fixed) {
    done.close();
  }
  co_await done.receive();
}
void kubernetes_70277(Scene& scene) {
  auto& clock = scene.make<Clock>();
  auto& done = scene.make<Signals>();
  auto& polled = scene.make<Signals>();
  scene.executor.spawn(poll_every(clock.every(1ms), clock.after(20s), done, polled));
  scene.ends(done, {scene.executor.spawn(wait_for(polled, done, scene.fixed))});
  for (int i = 0; i < 3; ++i) {
    scene.executor.run_until_idle();
    clock.advance(1ms);
  }
}

// moby_33293: an error is sent to who is to get the channel when that is done.
Task<> container_wait(Signals& errors) {
  name_task("T1");
  co_await errors.send(1);
}
void moby_33293(Scene& scene) {
  auto& errors = scene.make<Signals>(scene.fixed ? 1 : 0);
  scene.ends(errors, {}, {scene.executor.spawn(container_wait(errors))});
}

// syncthing_5795: a message's handler closes the connection, and waits for who handles messages.
struct Connection {
  Signals inbox;
  Signals closed;
  Signals loop_stopped;
  Once closing;

  Task<> close() {
    return closing.call([this]() -> Task<> {
      closed.close();
      co_await loop_stopped.receive();
    });
  }
};
Task<> close_connection(Connection& connection) {
  name_task("closer");
  co_await connection.close();
}
Task<> dispatch_messages(Executor& executor, Connection& connection, bool fixed) {
  name_task("T2");
  Value message;
  while (co_await receive_any(connection.inbox, connection.closed, message) == 0) {
    if (fixed) {
      executor.spawn(close_connection(connection));
    } else {
      co_await connection.close();
    }
  }
  connection.loop_stopped.close();
}
Task<> wait_until_closed(Connection& connection) {
  name_task("T1");
  Value value;
  while (!try_select(connection.closed.receiving(value))) {
    co_await yield();
  }
}
Task<> send_message(Connection& connection) {
  name_task("test");
  co_await connection.inbox.send(1);
  co_await connection.loop_stopped.receive();
}
void syncthing_5795(Scene& scene) {
  auto& connection = scene.make<Connection>();
  scene.executor.spawn(wait_until_closed(connection));
  const auto t2 = scene.executor.spawn(dispatch_messages(scene.executor, connection, scene.fixed));
  scene.ends(connection.loop_stopped, {t2});
  scene.executor.spawn(send_message(connection));
}

}  // namespace

const std::map<std::string, TaskKernel> kChannelKernels{
    {"cockroach_2448", cockroach_2448},
    {"cockroach_25456", cockroach_25456},
    {"cockroach_35931", cockroach_35931},
    {"grpc_1275", grpc_1275},
    {"grpc_660", grpc_660},
    {"kubernetes_38669", kubernetes_38669},
    {"kubernetes_70277", kubernetes_70277},
    {"moby_33293", moby_33293},
    {"syncthing_5795", syncthing_5795},
};

}  // namespace kernels
