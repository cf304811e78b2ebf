// SPDX-License-Identifier: MIT
// Finds the socket of one process.
#pragma once

#include "client/agent_socket.hpp"
#include "client/places.hpp"

#include <string>
#include <vector>

#include <sys/types.h>

namespace xgops::cli {

/// What was looked at for one process.
struct ProcessSockets {
  std::vector<SocketAddress> sockets;
  std::vector<std::string> searched;  ///< Paths of sockets that did not exist.
};

/// The sockets that may belong to process `pid`, best first. Unlike `find_sockets` it looks
/// everywhere even when XGOPS_DIR is set: a PID leaves no doubt about who is meant.
[[nodiscard]] ProcessSockets find_sockets_of(const Places& places, pid_t pid);

}  // namespace xgops::cli
