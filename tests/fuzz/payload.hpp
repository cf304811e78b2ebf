// SPDX-License-Identifier: MIT
// What holds for any bytes as the payload of a message.
#pragma once

#include "invariant.hpp"
#include "xgops/protocol/catalog.hpp"
#include "xgops/protocol/codec.hpp"
#include "xgops/protocol/errc.hpp"
#include "xgops/protocol/test_report.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace xgops::fuzz {

template <class Message>
void try_payload(const std::uint8_t* data, std::size_t size) {
  const auto payload = std::as_bytes(std::span(data, size));
  const auto message = protocol::decode<Message>(payload);
  if (!message) {
    require(message.error().code == protocol::Errc::kMalformedPayload,
            "bad bytes are a malformed payload");
    require(!message.error().context.empty(), "an error says what is wrong");
    return;
  }
  const auto again = protocol::encode(*message);
  require(std::equal(again.begin(), again.end(), payload.begin(), payload.end()),
          "encode(decode(x)) == x");
}

}  // namespace xgops::fuzz
