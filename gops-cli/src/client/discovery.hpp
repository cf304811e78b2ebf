// SPDX-License-Identifier: MIT
// Where agents' sockets may be: finds socket files. Whether an agent is behind one, connecting
// tells.
#pragma once

#include "client/agent_socket.hpp"
#include "proc/process.hpp"
#include "xgops/protocol/endpoint.hpp"

#include <string>
#include <vector>

#include <sys/types.h>

namespace xgops::cli {

/// Where to look, and as whom. The defaults are the real places; tests have their own.
struct Places {
  proc::Table processes;
  std::string run_user = "/run/user";
  std::string temporary = "/tmp";
  uid_t uid = 0;  ///< Our effective user.
  protocol::EnvironmentLookup environment;
};

/// The real places, as this process sees them.
[[nodiscard]] Places real_places();

/// A socket that exists but that we may not reach.
struct ForeignSocket {
  protocol::Endpoint endpoint;
  std::string path;
};

struct FoundSockets {
  std::vector<SocketAddress> reachable;
  std::vector<ForeignSocket> foreign;
};

/// Every socket of an agent that this user may reach: in the directories of the protocol (as root
/// those of all users), in directories that the kernel's list of sockets names, and inside other
/// mount namespaces and roots (chroot). With XGOPS_DIR set: in that directory alone.
[[nodiscard]] FoundSockets find_sockets(const Places& places);

/// What was looked at for one process.
struct ProcessSockets {
  std::vector<SocketAddress> sockets;
  std::vector<std::string> searched;  ///< Paths of sockets that did not exist.
};

/// The sockets that may belong to process `pid`, best first. Unlike `find_sockets` it looks
/// everywhere even when XGOPS_DIR is set: a PID leaves no doubt about who is meant.
[[nodiscard]] ProcessSockets find_sockets_of(const Places& places, pid_t pid);

/// Whether the process that a socket's name speaks of exists.
[[nodiscard]] bool process_exists(const proc::Table& processes, const protocol::Endpoint& endpoint);

}  // namespace xgops::cli
