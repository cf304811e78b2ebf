// SPDX-License-Identifier: MIT
// Tasks with something of everything.
#include "cli/support/sample_tasks.hpp"

#include "commands/tasks_builder.hpp"

#include <stdexcept>
#include <string>
#include <utility>

namespace xgops::test {
namespace {

using protocol::Task;
using protocol::TaskArgument;
using protocol::TaskOwner;
using protocol::Tasks;
using protocol::TaskState;
using protocol::TaskWaitReason;

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::uint64_t kTaskBase = 0x10000000;

Task waiting(std::uint64_t id, TaskWaitReason reason, std::uint32_t chain, std::int64_t age_ns) {
  Task task;
  task.id = id;
  task.parent = 1;
  task.state = TaskState::kWaiting;
  task.reason = reason;
  task.chain = chain;
  task.created_at = 30;
  task.state_age_ns = age_ns;
  task.resumed = 4;
  return task;
}

Task with_argument(Task task, TaskArgument kind, std::uint64_t argument) {
  task.argument_kind = kind;
  task.argument = argument;
  return task;
}

Task with_owner(Task task, TaskOwner kind, std::uint64_t owner) {
  task.owner_kind = kind;
  task.owner = owner;
  return task;
}

/// What the tasks refer to; ids are in no order.
Tasks::Response things() {
  Tasks::Response part;
  part.texts = {
      {7, "acceptor"},
      {3, "127.0.0.1:80 -> 127.0.0.1:51004"},
      {4, "tenant=blue user=7"},
      {5, "asio::detail::initiate_something<std::vector<int, std::allocator<int> >, long>"},
      {6, "e\x1b[2J;vil\nname"},
      {8, "quota of tenant blue"},
      {9, "async_read_until"}};
  part.locations = {
      {30, 57, "server.cpp", "void listen(listen(short unsigned int)::_Z6listent.Frame*)"},
      {31, 12, "main.cpp", "int main(int, char**)"},
      {32, 80, "session.cpp", "void Session::run(Session::run()::_ZN7Session3runEv.Frame*)"},
      {33, 1021, "/usr/include/asio/impl/awaitable.hpp", "operator()"},
      {34, 91, "session.cpp", "void Session::read(Session::read()::_ZN7Session4readEv.Frame*)"},
      {35, 1, "a\nb.cpp", "e\x1b[31mvil;"}};
  part.chains = {{20, {34, 32}}, {21, {33, 30}}, {22, {35, 0}}, {23, {32}}};
  part.modules.resize(1);
  part.modules[0].id = 1;
  part.modules[0].begin = kTaskBase;
  part.modules[0].end = kTaskBase + 0x10000;
  part.modules[0].bias = kTaskBase;
  part.modules[0].path = "/nonexistent/server";
  part.creation_stacks = {{40, false, {{kTaskBase + 0x100, 0}, {kTaskBase + 0x200, 0}}}};
  return part;
}

std::vector<Task> tasks() {
  Task acceptor = with_argument(waiting(1, TaskWaitReason::kAccept, 21, 192 * kSecondNs),
                                TaskArgument::kDescriptor, 7);
  acceptor.parent = 0;
  acceptor.name = 7;
  acceptor.created_at = 31;
  acceptor.creation_stack = 40;
  Task running;
  running.id = 2;
  running.parent = 99;
  running.state = TaskState::kRunning;
  running.tid = 12;
  running.chain = 23;
  running.created_at = 30;
  running.resumed = 1;
  running.status = protocol::TaskStatus::kMoving;
  Task created;
  created.id = 3;
  created.created_at = 35;
  Task ready = waiting(4, TaskWaitReason::kPost, 23, 1'500'000);
  ready.state = TaskState::kReady;
  Task reads = with_argument(waiting(19, TaskWaitReason::kSocketReceive, 20, 3 * kSecondNs),
                             TaskArgument::kDescriptor, 12);
  reads.detail = 3;
  reads.labels = 4;
  Task unknown = waiting(24, TaskWaitReason::kUnknown, 0, -1);
  unknown.detail = 5;
  Task evil = waiting(25, TaskWaitReason::kCustom, 22, kSecondNs);
  evil.name = 6;
  evil.detail = 6;
  evil.status = protocol::TaskStatus::kPartial;
  Task quota =
      with_owner(waiting(26, TaskWaitReason::kCustom, 20, kSecondNs), TaskOwner::kTask, 19);
  quota.detail = 8;
  Task composed = waiting(27, TaskWaitReason::kOperation, 20, kSecondNs);
  composed.detail = 9;
  const auto expiry = [](std::int64_t ns) { return static_cast<std::uint64_t>(ns); };
  const auto timer = [&](std::uint64_t id, std::int64_t left) {
    return with_argument(waiting(id, TaskWaitReason::kTimer, 20, 10 * kSecondNs),
                         TaskArgument::kExpiry, expiry(left));
  };
  return {
      acceptor,
      running,
      created,
      ready,
      reads,
      timer(20, 1'300'000'000),
      timer(21, -20'000'000),
      timer(22, INT64_MAX - 5),
      with_owner(with_argument(waiting(23, TaskWaitReason::kMutexLock, 20, 61 * kSecondNs),
                               TaskArgument::kObject, 0x5555'0000),
                 TaskOwner::kGone, 7),
      unknown,
      evil,
      quota,
      composed,
      with_argument(waiting(28, TaskWaitReason::kJoin, 20, kSecondNs), TaskArgument::kTask, 19),
      with_argument(waiting(29, TaskWaitReason::kAllOf, 20, kSecondNs), TaskArgument::kCount, 2),
      with_argument(waiting(30, TaskWaitReason::kFirstOf, 20, kSecondNs), TaskArgument::kCount, 3),
      with_argument(waiting(31, TaskWaitReason::kChannelReceive, 20, 2 * kSecondNs),
                    TaskArgument::kObject, 0x5555'1000),
      with_owner(waiting(32, TaskWaitReason::kRwlockWrite, 20, 2 * kSecondNs), TaskOwner::kThread,
                 4711),
      with_owner(waiting(33, TaskWaitReason::kCallOnce, 20, 2 * kSecondNs), TaskOwner::kGoneThread,
                 4712)};
}

Tasks::Response totals(std::uint64_t total) {
  Tasks::Response last;
  last.total = total;
  last.running = 1;
  last.cost.elapsed_ns = 1'200'000;
  return last;
}

}  // namespace

std::vector<Tasks::Response> sample_tasks_stream() {
  Tasks::Response first = things();
  Tasks::Response second;
  second.tasks = tasks();
  // An answer need not be sorted.
  std::swap(second.tasks[1], second.tasks[5]);
  Tasks::Response last = totals(second.tasks.size());
  return {first, second, last};
}

std::vector<Tasks::Response> sample_task_groups_stream() {
  Tasks::Response first = things();
  const std::vector<Task> all = tasks();
  Task sessions = all[4];
  sessions.state_age_ns = 10 * kSecondNs;
  first.groups = {{all[0], 1, 192 * kSecondNs, {1}},
                  {all[1], 1, -1, {2}},
                  {sessions, 340, 3 * kSecondNs, {19, 40, 41, 42, 43, 44, 45, 46}},
                  {all[8], 2, 60 * kSecondNs, {23, 50}},
                  {all[14], 3, kSecondNs, {29, 51, 52}}};
  return {first, totals(347)};
}

cli::TaskTable sample_task_table(std::vector<Tasks::Response> parts) {
  cli::SymbolOptions options;
  options.symbolize = false;
  cli::TasksBuilder builder(options);
  for (Tasks::Response& part : parts) {
    builder.add(std::move(part));
  }
  auto table = builder.finish();
  if (!table) {
    throw std::runtime_error(table.error().context);
  }
  return *std::move(table);
}

}  // namespace xgops::test
