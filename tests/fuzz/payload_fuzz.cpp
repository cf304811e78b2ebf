// SPDX-License-Identifier: MIT
// Fuzz target: any bytes as the payload of one message, which the build names in
// XGOPS_FUZZ_MESSAGE.
#include "payload.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  xgops::fuzz::try_payload<xgops::protocol::XGOPS_FUZZ_MESSAGE>(data, size);
  return 0;
}
