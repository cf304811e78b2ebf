// SPDX-License-Identifier: MIT
// From a PID or a name to a connected agent.
#include "client/target.hpp"

#include "client/diagnosis.hpp"
#include "client/discovery.hpp"
#include "client/process_sockets.hpp"
#include "support/failure.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fnmatch.h>

namespace xgops::cli {
namespace {

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

bool matches(const std::string& pattern, const protocol::ProcessInfo::Response& info) {
  std::string base(base_name(info.path));
  constexpr std::string_view kDeleted = " (deleted)";
  if (base.ends_with(kDeleted)) {
    base.resize(base.size() - kDeleted.size());
  }
  return ::fnmatch(pattern.c_str(), info.name.c_str(), 0) == 0 ||
         ::fnmatch(pattern.c_str(), base.c_str(), 0) == 0;
}

Result<Target> open_named(const Places& places, const std::string& pattern,
                          const Deadline& deadline) {
  const std::vector<Probe> probes = probe_all(find_sockets(places).reachable, places.uid, deadline);
  std::vector<const Probe*> found;
  for (const Probe& probe : probes) {
    if (probe.outcome && identity_holds(places, probe) && matches(pattern, probe.info)) {
      found.push_back(&probe);
    }
  }
  if (found.empty()) {
    return failure(Failure::kNoProcess, "no process with an xgops agent matches '" + pattern + "'",
                   "`xgops list` shows every process that has one");
  }
  if (found.size() > 1) {
    std::string candidates;
    std::sort(found.begin(), found.end(), [](const Probe* a, const Probe* b) {
      return visible_pid(a->peer, a->address) < visible_pid(b->peer, b->address);
    });
    for (const Probe* probe : found) {
      candidates += "-p " +
                    describe_process(visible_pid(probe->peer, probe->address), probe->info.name) +
                    " " + probe->info.path + "\n";
    }
    return failure(Failure::kUsage,
                   std::to_string(found.size()) + " processes match '" + pattern + "': choose one",
                   candidates);
  }
  const Probe& probe = *found.front();
  auto session = Session::connect(probe.address, places.uid, deadline);
  if (!session) {
    return std::move(session).error();
  }
  const pid_t pid = visible_pid(session->peer(), probe.address);
  return Target{*std::move(session), pid, probe.info.name};
}

Result<Target> open_process(const Places& places, pid_t pid, const Deadline& deadline) {
  const ProcessSockets found = find_sockets_of(places, pid);
  const auto stat = places.processes.stat(pid);
  const std::string name = stat ? stat->name : std::string();
  std::optional<Error> problem;
  for (const SocketAddress& address : found.sockets) {
    auto session = Session::connect(address, places.uid, deadline);
    if (!session) {
      problem = std::move(session).error();
      continue;
    }
    // A peer without a PID lives where we cannot see it; the socket's name must do.
    if (session->peer().pid == pid || session->peer().pid == 0) {
      return Target{*std::move(session), pid, name};
    }
  }
  if (!problem) {
    return explain_missing_agent(places, pid, found.searched);
  }
  if (problem->code == std::errc::connection_refused && !stat) {
    return explain_missing_agent(places, pid, found.searched);  // It ended without a word.
  }
  if (problem->code == std::errc::connection_refused) {
    return failure(Failure::kNoAgent,
                   "the agent of process " + describe_process(pid, name) +
                       " is gone: nobody listens on " + found.sockets.front().path(),
                   "did the process close its descriptors or stop its agent? restart it");
  }
  return explain_conversation(places, pid, name, *std::move(problem));
}

}  // namespace

Result<Target> open_target(const Places& places, const Selector& selector,
                           const Deadline& deadline) {
  if (selector.pid) {
    return open_process(places, *selector.pid, deadline);
  }
  return open_named(places, selector.name, deadline);
}

bool identity_holds(const Places& places, const Probe& probe) {
  if (probe.peer.pid == 0 || probe.peer.pid == probe.hello.pid) {
    return true;
  }
  const auto status = places.processes.status(probe.peer.pid);
  return status && !status->namespace_pids.empty() &&
         status->namespace_pids.back() == probe.hello.pid;
}

pid_t visible_pid(const Peer& peer, const SocketAddress& address) {
  return peer.pid != 0 ? peer.pid : address.endpoint.pid;
}

}  // namespace xgops::cli
