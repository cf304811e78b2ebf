// SPDX-License-Identifier: MIT
// The protocol's rules on one connection, whoever moves the bytes.
#pragma once

#include "commands/agent_state.hpp"
#include "server/outbox.hpp"
#include "xgops/protocol/header.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace xgops::server {

/// A driver reads a header, then `payload_bytes()`, then sends what is in the outbox, and so on
/// until the session says that it is over.
class Session {
 public:
  Session(commands::AgentState& state, Outbox& outbox) : state_(state), outbox_(outbox) {}

  /// Takes the header of the next request. False: it is not acceptable; an error message is in the
  /// outbox, and the connection ends when that is sent.
  [[nodiscard]] bool begin(const protocol::HeaderBytes& bytes) noexcept;

  /// Size of the payload that belongs to the header.
  [[nodiscard]] std::size_t payload_bytes() const noexcept { return header_.payload_bytes; }

  /// Answers the request. False: the connection ends when the outbox is empty.
  [[nodiscard]] bool serve(std::span<const std::byte> payload) noexcept;

 private:
  bool refuse(protocol::Errc code, const char* context = "", const char* hint = "") noexcept;

  commands::AgentState& state_;
  Outbox& outbox_;
  protocol::Header header_;
  bool greeted_ = false;
};

}  // namespace xgops::server
