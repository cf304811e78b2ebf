// SPDX-License-Identifier: MIT
// ProcessInfo: what a process list shows, and how the agent is set up.
#include "commands/handlers.hpp"
#include "xgops/version.hpp"

#include <chrono>
#include <utility>

#include <unistd.h>

namespace xgops::commands {

Result<void> handle(AgentState& state, const protocol::ProcessInfo::Request& /*request*/,
                    Reply<protocol::ProcessInfo>& reply) {
  const auto stat = state.process.stat();
  const auto path = state.process.executable();
  const auto arguments = state.process.arguments(protocol::kMaxArgumentBytes);
  const auto threads = state.process.thread_count();

  protocol::ProcessInfo::Response response;
  response.pid = state.identity.pid;
  response.parent_pid = ::getppid();
  response.uid = ::geteuid();
  response.start_time_ticks = state.identity.start_time_ticks;
  response.uptime_ns =
      static_cast<std::uint64_t>(stats::uptime(state.identity.start_time_ticks).count());
  response.tasks = state.tasks.registry->counts().live;
  response.agent_version = kVersion;
  response.agent_mode = state.identity.mode;
  response.agent_uptime_ns =
      static_cast<std::uint64_t>((std::chrono::steady_clock::now() - state.started_at).count());
  response.signal = state.signal;
  response.limits = state.limits;
  for (std::string& limit : state.inspector.limits()) {
    response.limits.push_back(std::move(limit));
  }

  // What cannot be read stays empty, and says so.
  const auto note = [&response](const Error& error) {
    response.limits.push_back("cannot read " + error.message());
  };
  if (stat) {
    response.name = stat.value().name;
  } else {
    note(stat.error());
  }
  if (path) {
    response.path = path.value();
  } else {
    note(path.error());
  }
  if (arguments) {
    response.arguments = arguments.value();
  } else {
    note(arguments.error());
  }
  if (threads) {
    response.os_threads = threads.value();
  } else {
    note(threads.error());
  }
  reply.finish(response);
  return {};
}

}  // namespace xgops::commands
