// SPDX-License-Identifier: MIT
// Vitals: the numbers one looks at first.
#include "commands/handlers.hpp"

namespace xgops::commands {
namespace {

std::uint64_t count(std::chrono::nanoseconds time) {
  return static_cast<std::uint64_t>(time.count());
}

}  // namespace

Result<void> handle(AgentState& state, const protocol::Vitals::Request& /*request*/,
                    Reply<protocol::Vitals>& reply) {
  const auto threads = state.process.thread_count();
  if (!threads) {
    return threads.error();
  }
  const auto memory = state.process.memory();
  if (!memory) {
    return memory.error();
  }
  const auto open_fds = state.process.open_fds();

  protocol::Vitals::Response response;
  response.tasks = state.tasks.registry->counts().live;
  response.os_threads = threads.value();
  response.cpu_count = stats::ProcessReader::cpu_count();
  response.cpu_quota_millis = state.process.cpu_quota_millis();
  response.load_millis = stats::ProcessReader::load_millis();
  response.rss_bytes = memory.value().rss_bytes;
  response.virtual_bytes = memory.value().virtual_bytes;
  response.uptime_ns = count(stats::uptime(state.identity.start_time_ticks));
  response.cpu_time_ns = count(stats::ProcessReader::cpu_time());
  // Not readable in a process that changed its user: shown as 0 rather than no vitals at all.
  response.open_fds = open_fds ? open_fds.value() : 0;
  response.fd_limit = stats::ProcessReader::fd_limit();
  response.requests_served = state.counters.requests_served;
  response.peers_refused = state.counters.peers_refused;
  reply.finish(response);
  return {};
}

}  // namespace xgops::commands
