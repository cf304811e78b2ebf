// SPDX-License-Identifier: MIT
// Serves any number of clients at a time from one thread, with Asio.
#pragma once

#include "commands/agent_state.hpp"
#include "server/listening_socket.hpp"
#include "support/event.hpp"
#include "support/log.hpp"
#include "xgops/result.hpp"

#include <functional>

namespace xgops::server {

/// Serves until `stop` is set and a client connects, whoever that is. Calls `on_serving` once
/// nothing that must be had is missing.
///
/// Only for a thread with a private descriptor table: Asio takes what epoll reports for pointers
/// into its own memory, so a host that got the number of our epoll descriptor again would crash us.
///
/// Errors: the system refuses a call without which no client can be served.
Result<void> serve_with_reactor(commands::AgentState& state, ListeningSocket& listener,
                                const support::Event& stop, support::Log& log,
                                const std::function<void()>& on_serving);

}  // namespace xgops::server
