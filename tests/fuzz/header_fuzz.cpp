// SPDX-License-Identifier: MIT
// Fuzz target: any 16 bytes as a header.
#include "xgops/protocol/header.hpp"

#include "invariant.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace protocol = xgops::protocol;
  if (size < protocol::kHeaderBytes) {
    return 0;
  }
  const auto bytes = std::as_bytes(std::span(data, size)).first<protocol::kHeaderBytes>();
  const auto header = protocol::decode_header(bytes, protocol::kMaxReplyBytes);
  if (!header) {
    xgops::fuzz::require(!header.error().message().empty(), "an error has a message");
    return 0;
  }
  xgops::fuzz::require(header->payload_bytes <= protocol::kMaxReplyBytes, "the limit is kept");
  const auto again = protocol::encode_header(*header);
  xgops::fuzz::require(std::equal(again.begin(), again.end(), bytes.begin()),
                       "encode_header(decode_header(x)) == x");
  return 0;
}
