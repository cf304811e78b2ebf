// SPDX-License-Identifier: MIT
// Fuzz target: any bytes as the payload of one message, which the build names in
// XGOPS_FUZZ_MESSAGE.
#include "invariant.hpp"
#include "xgops/protocol/catalog.hpp"
#include "xgops/protocol/codec.hpp"
#include "xgops/protocol/errc.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace protocol = xgops::protocol;
  const auto payload = std::as_bytes(std::span(data, size));
  const auto message = protocol::decode<protocol::XGOPS_FUZZ_MESSAGE>(payload);
  if (!message) {
    xgops::fuzz::require(message.error().code == protocol::Errc::kMalformedPayload,
                         "bad bytes are a malformed payload");
    xgops::fuzz::require(!message.error().context.empty(), "an error says what is wrong");
    return 0;
  }
  const auto again = protocol::encode(*message);
  xgops::fuzz::require(std::equal(again.begin(), again.end(), payload.begin(), payload.end()),
                       "encode(decode(x)) == x");
  return 0;
}
