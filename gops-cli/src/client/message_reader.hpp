// SPDX-License-Identifier: MIT
// Cuts a stream of received bytes into messages. No I/O.
#pragma once

#include "xgops/protocol/codec.hpp"
#include "xgops/protocol/header.hpp"
#include "xgops/result.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace xgops::cli {

/// A message as it came: the payload is not decoded and lives until the reader is fed again.
struct RawMessage {
  protocol::Header header;
  std::span<const std::byte> payload;
};

/// Holds at most one message beyond what `feed` was given: the header's claim is checked against
/// the protocol's limit before anything is kept for it.
class MessageReader {
 public:
  void feed(std::span<const std::byte> bytes);

  /// The next complete message; nothing when more bytes are needed.
  /// Errors: those of `decode_header`. After one the stream is useless.
  Result<std::optional<RawMessage>> next();

  /// Whether bytes of an incomplete message are waiting.
  [[nodiscard]] bool in_message() const noexcept { return begin_ < buffer_.size(); }

 private:
  protocol::Bytes buffer_;
  std::size_t begin_ = 0;  ///< What lies before was returned already.
};

}  // namespace xgops::cli
