// SPDX-License-Identifier: MIT
#include "commands/snapshot_source.hpp"

#include "client/handshake.hpp"
#include "client/socket_waits.hpp"
#include "commands/look_source.hpp"
#include "commands/stack_builder.hpp"
#include "commands/tasks_builder.hpp"
#include "proc/files.hpp"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <utility>
#include <vector>

namespace xgops::cli {
namespace {

std::string boot_id(const Places& places) {
  constexpr std::size_t kMaxBytes = 64;
  const auto text =
      proc::read_file(places.processes.root() + "/sys/kernel/random/boot_id", kMaxBytes);
  std::string id = text ? *text : std::string();
  id.erase(std::min(id.find('\n'), id.size()));
  return id;
}

std::uint64_t now_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

template <class Exchange>
Result<void> ask_all(Target& target, const Deadline& deadline,
                     const typename Exchange::Request& request,
                     std::vector<typename Exchange::Response>& parts) {
  return target.session.ask_parts<Exchange>(
      request, deadline,
      [&](typename Exchange::Response part) { parts.push_back(std::move(part)); });
}

}  // namespace

Result<Snapshot> take_snapshot(const Places& places, Target& target, const Deadline& deadline,
                               std::chrono::milliseconds timeout, bool interrupt) {
  Snapshot snapshot;
  snapshot.boot_id = boot_id(places);
  snapshot.time_ns = now_ns(CLOCK_REALTIME);
  snapshot.since_boot_ns = now_ns(CLOCK_BOOTTIME);
  snapshot.pid = target.pid;
  snapshot.name = target.name;
  const auto deadline_ms = static_cast<std::uint32_t>(timeout.count());
  protocol::Stacks::Request about_threads;
  about_threads.deadline_ms = deadline_ms;
  about_threads.interrupt = interrupt;
  if (auto asked = ask_all<protocol::Stacks>(target, deadline, about_threads, snapshot.stacks);
      !asked) {
    return std::move(asked).error();
  }
  std::vector<protocol::ThreadFacts*> facts;
  for (protocol::Stacks::Response& part : snapshot.stacks) {
    for (protocol::ThreadStack& thread : part.threads) {
      facts.push_back(&thread.facts);
    }
  }
  name_sockets(places.processes, target.pid, facts);
  snapshot.hello = target.session.hello();
  if (has_capability(snapshot.hello, protocol::MessageType::kTasks)) {
    protocol::Tasks::Request about_tasks;
    about_tasks.deadline_ms = deadline_ms;
    if (auto asked = ask_all<protocol::Tasks>(target, deadline, about_tasks, snapshot.tasks);
        !asked) {
      return std::move(asked).error();
    }
  }
  if (has_capability(snapshot.hello, protocol::MessageType::kWaits)) {
    protocol::Waits::Request about_waits;
    about_waits.event_polls = event_polls_of({facts.begin(), facts.end()});
    about_waits.deadline_ms = deadline_ms;
    if (auto asked = ask_all<protocol::Waits>(target, deadline, about_waits, snapshot.waits);
        !asked) {
      return std::move(asked).error();
    }
  }
  return snapshot;
}

Result<Look> look_at(Snapshot snapshot, const SymbolOptions& symbols) {
  Look look;
  StackBuilder threads(symbols);
  for (protocol::Stacks::Response& part : snapshot.stacks) {
    threads.add(std::move(part));
  }
  auto stacks = threads.finish({snapshot.pid, snapshot.hello.pid, std::move(snapshot.name),
                                std::move(snapshot.hello.agent_version)});
  if (!stacks) {
    return std::move(stacks).error();
  }
  look.stacks = *std::move(stacks);
  look.incomplete = look.stacks.truncated;
  if (!snapshot.tasks.empty()) {
    TasksBuilder tasks(symbols);
    for (protocol::Tasks::Response& part : snapshot.tasks) {
      tasks.add(std::move(part));
    }
    auto table = tasks.finish();
    if (!table) {
      return std::move(table).error();
    }
    look.incomplete = look.incomplete || table->truncated || table->dropped > 0;
    look.stacks.tasks = *std::move(table);
  }
  for (protocol::Waits::Response& part : snapshot.waits) {
    add_waits(look, std::move(part));
  }
  return look;
}

}  // namespace xgops::cli
