// SPDX-License-Identifier: MIT
// The parts of a conversation that need no socket: what to send first, how to judge what comes.
#pragma once

#include "client/message_reader.hpp"
#include "support/deadline.hpp"
#include "xgops/protocol/codec.hpp"
#include "xgops/protocol/header.hpp"
#include "xgops/protocol/messages/hello.hpp"
#include "xgops/result.hpp"

#include <cstdint>
#include <string>

namespace xgops::cli {

/// The whole `Hello` request, ready to send.
[[nodiscard]] protocol::Bytes hello_request(std::uint32_t request_id);

/// Judges the first message of a connection and puts it into `hello`.
/// Errors: `Failure::kIncompatible` when no version is common (`hello` is filled in all the same);
/// the agent's own error; `Failure::kBadAnswer`.
[[nodiscard]] Result<void> read_hello(const RawMessage& message, std::uint32_t request_id,
                                      protocol::Hello::Response& hello);

/// Whether `message` is part of the answer to the request `request_id` of `type`.
/// Errors: the agent's own error when it is one; `Failure::kBadAnswer`.
[[nodiscard]] Result<void> check_reply(const RawMessage& message, protocol::MessageType type,
                                       std::uint32_t request_id);

/// Whether the agent that said `hello` answers messages of `type`.
/// Errors: `Failure::kIncompatible`, naming the agent's version and the one that would do.
[[nodiscard]] Result<void> check_capability(const protocol::Hello::Response& hello,
                                            protocol::MessageType type);

/// Whether the agent that said `hello` answers messages of `type`.
[[nodiscard]] bool has_capability(const protocol::Hello::Response& hello,
                                  protocol::MessageType type);

/// Silence until `deadline`, for people.
[[nodiscard]] Error no_answer(const Deadline& deadline);

/// An answer that breaks the protocol, for people.
[[nodiscard]] Error bad_answer(const std::string& why);

}  // namespace xgops::cli
