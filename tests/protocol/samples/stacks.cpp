// SPDX-License-Identifier: MIT
// Examples of asking for the stacks.
#include "xgops/protocol/messages/stacks.hpp"

#include "samples/sample.hpp"
#include "samples/threads.hpp"

namespace xgops::test {

using protocol::Stacks;

template <>
Stacks::Request sample() {
  Stacks::Request request;
  request.tid = 4712;
  request.max_frames = 64;
  request.deadline_ms = 2'500;
  request.interrupt = false;
  return request;
}

template <>
Stacks::Response sample() {
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
  stack.frames = {{0x5555'5555'6123, protocol::kExactPointer},
                  {0xffff'ffff'ffff'ffff, protocol::kInferred}};

  protocol::ThreadStack thread;
  thread.facts = sample_thread_facts();
  thread.status = protocol::StackStatus::kPartial;
  thread.method = protocol::StackMethod::kSignal;
  thread.reason = "no unwind table at 0x1234";
  thread.stack_id = 7;

  Stacks::Response response;
  response.modules = {module, protocol::Module{}};
  response.stacks = {stack, protocol::Stack{}};
  response.threads = {thread, protocol::ThreadStack{}};
  response.dropped = 5;
  response.truncated = true;
  response.cost.elapsed_ns = 3'100'000;
  response.cost.cpu_ns = 2'900'000;
  response.cost.interrupted = 1;
  return response;
}

}  // namespace xgops::test
