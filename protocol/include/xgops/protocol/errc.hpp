// SPDX-License-Identifier: MIT
// Failures that a peer can cause or report. Values are append-only: they cross the wire.
#pragma once

#include <cstdint>
#include <system_error>

namespace xgops::protocol {

enum class Errc : std::uint16_t {
  kOk = 0,
  kBadMagic = 1,            ///< The bytes are not an xgops message.
  kUnsupportedVersion = 2,  ///< No protocol version in common.
  kBadHeader = 3,           ///< Undefined flag bits or a reserved field that is not zero.
  kPayloadTooLarge = 4,     ///< A payload size above the limit.
  kMalformedPayload = 5,    ///< The payload does not decode to the message it claims to be.
  kUnknownMessage = 6,      ///< The agent does not know this message type.
  kHelloRequired = 7,       ///< The first message was not `Hello`.
  kDeadlineExceeded = 8,    ///< The answer was not ready in time.
  kOutOfMemory = 9,
  kBusy = 10,              ///< Too many clients at a time.
  kPermissionDenied = 11,  ///< The peer's user may not ask.
  kNotFound = 12,          ///< No such thread in the target.
  kInternal = 13,          ///< A bug in the agent; the context says where.
  kUnavailable = 14,  ///< The target's system does not allow it; the hint says what would help.
  kTruncated = 15,    ///< The peer closed the connection in the middle of a message.
  kUnexpectedMessage = 16,  ///< A reply that belongs to no request.
};

/// Category "xgops" with one plain sentence per value.
[[nodiscard]] const std::error_category& error_category() noexcept;
[[nodiscard]] std::error_code make_error_code(Errc errc) noexcept;

}  // namespace xgops::protocol

template <>
struct std::is_error_code_enum<xgops::protocol::Errc> : std::true_type {};
