// SPDX-License-Identifier: MIT
// Finds all socket files of agents. Whether an agent is behind one, connecting tells.
#pragma once

#include "client/agent_socket.hpp"
#include "client/places.hpp"
#include "xgops/protocol/endpoint.hpp"

#include <string>
#include <vector>

namespace xgops::cli {

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

}  // namespace xgops::cli
