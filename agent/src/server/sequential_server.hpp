// SPDX-License-Identifier: MIT
// Serves one client after the other: what is left where the system gives us no descriptor table of
// our own.
#pragma once

#include "commands/agent_state.hpp"
#include "server/listening_socket.hpp"
#include "support/event.hpp"
#include "support/log.hpp"
#include "xgops/result.hpp"

#include <cstdint>
#include <functional>

namespace xgops::server {

enum class ServiceEnd : std::uint8_t {
  kStopped = 0,
  kSocketLost,  ///< The host closed our listening socket: open another and go on.
};

/// Serves until `stop` is set and a client connects, whoever that is. Calls `on_serving` first.
///
/// No reactor, so nothing that the host does to our descriptors can make us misread memory; and
/// before each use of a number we look whether it still is our file.
///
/// Errors: the system refuses a call without which no client can be served.
Result<ServiceEnd> serve_one_by_one(commands::AgentState& state, ListeningSocket& listener,
                                    const support::Event& stop, support::Log& log,
                                    const std::function<void()>& on_serving);

}  // namespace xgops::server
