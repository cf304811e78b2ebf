// SPDX-License-Identifier: MIT
// Asks many agents at a time who they are.
#pragma once

#include "client/agent_socket.hpp"
#include "support/deadline.hpp"
#include "xgops/protocol/messages/hello.hpp"
#include "xgops/protocol/messages/process_info.hpp"
#include "xgops/result.hpp"

#include <vector>

namespace xgops::cli {

/// What is known of the process behind one socket.
struct Probe {
  SocketAddress address;
  Peer peer;             ///< Valid once connected.
  Result<void> outcome;  ///< Success: `hello` and `info` are valid.
  bool connected = false;
  bool greeted = false;  ///< `hello` is valid.
  protocol::Hello::Response hello;
  protocol::ProcessInfo::Response info;
};

/// Connects to all of `addresses` at a time, sends each both requests at once, and collects the
/// answers until `deadline`. The result has the order of `addresses`.
///
/// Outcomes besides success: `connection_refused` (no process behind the socket),
/// `Failure::kOtherUser`, `Failure::kNoAnswer`, `Failure::kIncompatible`, `Failure::kBadAnswer`,
/// and what the agent reports.
[[nodiscard]] std::vector<Probe> probe_all(std::vector<SocketAddress> addresses, uid_t caller,
                                           const Deadline& deadline);

}  // namespace xgops::cli
