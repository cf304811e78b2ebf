// SPDX-License-Identifier: MIT
// Messages to bytes and back.
#pragma once

#include "xgops/protocol/header.hpp"
#include "xgops/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace xgops::protocol {

using Bytes = std::vector<std::byte>;

/// The payload of `message`. Defined in codec.cpp for every request and response of the catalog and
/// for `ErrorReply` and `TestReport`, so that users do not compile cereal.
template <class Message>
[[nodiscard]] Bytes encode(const Message& message);

/// Reads one message from exactly `payload`.
///
/// Every length inside is a claim: it is compared with the bytes that are left before anything is
/// allocated, so decoding never needs more than about eight times `payload.size()` bytes.
/// Errors: `Errc::kMalformedPayload` (too short, too long, a count, boolean or enumerator out of
/// range; the context says which and where), `Errc::kOutOfMemory`. Throws nothing.
template <class Message>
[[nodiscard]] Result<Message> decode(std::span<const std::byte> payload);

/// `payload` with `header` in front, whose `payload_bytes` becomes the real size.
[[nodiscard]] Bytes with_header(Header header, std::span<const std::byte> payload);

/// Header and payload of one whole message, ready to send.
template <class Message>
[[nodiscard]] Bytes encode_message(const Header& header, const Message& message) {
  return with_header(header, encode(message));
}

}  // namespace xgops::protocol
