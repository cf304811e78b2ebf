// SPDX-License-Identifier: MIT
// From a request's header and payload to its command, and from failures to error messages.
#pragma once

#include "commands/agent_state.hpp"
#include "commands/reply.hpp"
#include "xgops/protocol/errc.hpp"
#include "xgops/protocol/header.hpp"
#include "xgops/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

namespace xgops::server {

enum class Outcome : std::uint8_t {
  kAnswered = 0,  ///< As asked.
  kFailed,        ///< With an error message, or not at all because the client is gone.
  kMalformed,     ///< With an error message: the payload is not what the header says.
};

/// Runs the command for `header.type` and sends its whole answer, or an error message, through
/// `channel`. Whatever the command throws ends here.
Outcome dispatch(commands::AgentState& state, const protocol::Header& header,
                 std::span<const std::byte> payload, commands::ReplyChannel& channel,
                 std::chrono::steady_clock::time_point arrival) noexcept;

/// Ends the answer to `request_id` with `error`. False: it could not be sent.
bool send_error(commands::ReplyChannel& channel, std::uint32_t request_id,
                const Error& error) noexcept;

/// The code that the wire has for `code`.
[[nodiscard]] protocol::Errc wire_code(const std::error_code& code) noexcept;

}  // namespace xgops::server
