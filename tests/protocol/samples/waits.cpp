// SPDX-License-Identifier: MIT
// Examples of asking for what else is known of waits.
#include "xgops/protocol/messages/waits.hpp"

#include "samples/sample.hpp"

namespace xgops::test {

using protocol::TaskOwner;
using protocol::Waits;

template <>
Waits::Request sample() {
  Waits::Request request;
  request.event_polls = {3, 17};
  request.deadline_ms = 2'500;
  return request;
}

template <>
Waits::Response sample() {
  protocol::WaitObject channel;
  channel.address = 0x7ffe'1234'5678;
  channel.any = true;
  channel.sealed = true;
  channel.unlisted = 3;
  channel.holders = {{TaskOwner::kTask, 19}, {TaskOwner::kGoneThread, 4711}};

  protocol::AnnouncedWait announced;
  announced.tid = 4712;
  announced.reason = protocol::TaskWaitReason::kMutexLock;
  announced.object = 0x7ffe'1234'9999;
  announced.holder = {TaskOwner::kThread, 4713};
  announced.detail = "turn of the printer";

  Waits::Response response;
  response.objects = {channel, protocol::WaitObject{}};
  response.announced = {announced};
  response.event_polls = {{3, 2, 1}};
  response.thread_executors = {{4711, 0x10001, 88}};
  response.lost_exceptions.resize(1);
  response.lost_exceptions[0].type = "St13runtime_error";
  response.lost_exceptions[0].what = "connection reset";
  response.lost_exceptions[0].task_name = "session";
  response.lost_exceptions[0].created = {0, 120, "server.cpp", "accept()"};
  response.lost_exceptions[0].place = {0, 88, "session.cpp", "serve()"};
  response.lost_exceptions[0].count = 3;
  response.lost_exceptions[0].last_task = 19;
  response.lost_exceptions[0].last_age_ns = 4'000'000'000;
  response.lost_unlisted = 2;
  response.caught_signals = 0x4002;
  response.truncated = true;
  response.cost.elapsed_ns = 3'100'000;
  response.cost.cpu_ns = 2'900'000;
  response.cost.interrupted = 1;
  return response;
}

}  // namespace xgops::test
