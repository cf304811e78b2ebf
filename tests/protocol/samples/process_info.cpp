// SPDX-License-Identifier: MIT
// Examples of asking who the target is.
#include "xgops/protocol/messages/process_info.hpp"

#include "samples/sample.hpp"

namespace xgops::test {

using protocol::ProcessInfo;

template <>
ProcessInfo::Request sample() {
  return {};
}

template <>
ProcessInfo::Response sample() {
  ProcessInfo::Response response;
  response.pid = 4711;
  response.parent_pid = -2;  // Never sent; shows that the sign survives.
  response.uid = 1000;
  response.name = "redis-server";
  response.path = "/usr/bin/redis-check-rdb (deleted)";
  response.arguments = {"redis-server", "", "--port\n6379"};
  response.start_time_ticks = 88'213;
  response.uptime_ns = 3'600'000'000'001;
  response.os_threads = 6;
  response.tasks = 1'000'000;
  response.agent_version = "0.1.0";
  response.agent_mode = "preloaded";
  response.agent_uptime_ns = 3'599'000'000'002;
  response.signal = 45;
  response.limits = {"seccomp forbids signals", "no debug files"};
  return response;
}

}  // namespace xgops::test
