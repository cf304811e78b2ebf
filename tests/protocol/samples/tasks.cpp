// SPDX-License-Identifier: MIT
// Examples of asking for the tasks.
#include "xgops/protocol/messages/tasks.hpp"

#include "samples/sample.hpp"

namespace xgops::test {
namespace {

protocol::Task sample_task() {
  protocol::Task task;
  task.id = 0x1'0000'0013;
  task.parent = 2;
  task.state = protocol::TaskState::kWaiting;
  task.status = protocol::TaskStatus::kMoving;
  task.reason = protocol::TaskWaitReason::kMutexLock;
  task.argument_kind = protocol::TaskArgument::kObject;
  task.owner_kind = protocol::TaskOwner::kGoneThread;
  task.argument = 0x7ffe'1234'5678;
  task.owner = 4713;
  task.state_age_ns = 180'000'000'000;
  task.resumed = 4;
  task.tid = 4712;
  task.chain = 3;
  task.created_at = 5;
  task.creation_stack = 7;
  task.name = 1;
  task.labels = 2;
  task.detail = 9;
  return task;
}

}  // namespace

using protocol::Tasks;

template <>
Tasks::Request sample() {
  Tasks::Request request;
  request.group = true;
  request.id = 0x1'0000'0013;
  request.max_frames = 64;
  request.deadline_ms = 2'500;
  return request;
}

template <>
Tasks::Response sample() {
  protocol::Module module;
  module.id = 3;
  module.begin = 0x5555'5555'4000;
  module.end = 0x5555'5556'8000;
  module.bias = 0x5555'5555'4000;
  module.path = "/usr/bin/demo";
  module.build_id = {0xde, 0xad, 0xbe, 0xef, 0x00, 0x01};
  module.deleted = true;

  protocol::Stack stack;
  stack.id = 7;
  stack.truncated = true;
  stack.frames = {{0x5555'5555'6123, protocol::kExactPointer}};

  Tasks::Response response;
  response.texts = {{1, "session"}, {2, "tenant=blue"}, {9, "async_mutex"}};
  response.locations = {{5, 57, "server.cpp", "void echo(echo(int)::_Z4echoi.Frame*)"}};
  response.chains = {{3, {5, 0}, {368, 0}}};
  response.modules = {module};
  response.creation_stacks = {stack};
  response.tasks = {sample_task(), protocol::Task{}};
  response.groups = {{sample_task(), 12, 1'000'000'000, {0x1'0000'0013, 0x1'0000'0014}},
                     protocol::TaskGroup{}};
  response.bodies = {{0x1'0000'0013, 0x5555'5555'7000}};
  response.total = 13;
  response.running = 1;
  response.dropped = 5;
  response.truncated = true;
  response.cost.elapsed_ns = 3'100'000;
  response.cost.cpu_ns = 2'900'000;
  response.cost.interrupted = 1;
  return response;
}

}  // namespace xgops::test
