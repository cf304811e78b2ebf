// SPDX-License-Identifier: MIT
// Cuts a stream of received bytes into messages.
#include "client/message_reader.hpp"

namespace xgops::cli {

void MessageReader::feed(std::span<const std::byte> bytes) {
  // Only here, where no returned payload is alive any more.
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
  begin_ = 0;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

Result<std::optional<RawMessage>> MessageReader::next() {
  const auto unread = std::span<const std::byte>(buffer_).subspan(begin_);
  if (unread.size() < protocol::kHeaderBytes) {
    return std::optional<RawMessage>();
  }
  const auto header =
      protocol::decode_header(unread.first<protocol::kHeaderBytes>(), protocol::kMaxReplyBytes);
  if (!header) {
    return header.error();
  }
  const std::size_t whole = protocol::kHeaderBytes + header->payload_bytes;
  if (unread.size() < whole) {
    return std::optional<RawMessage>();
  }
  begin_ += whole;
  return std::optional<RawMessage>(
      RawMessage{*header, unread.subspan(protocol::kHeaderBytes, header->payload_bytes)});
}

}  // namespace xgops::cli
