// SPDX-License-Identifier: MIT
// Fuzz target: any file name in a socket directory, which the CLI lists and believes.
#include "invariant.hpp"
#include "xgops/protocol/endpoint.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace protocol = xgops::protocol;
  const std::string name(data, data + size);
  if (const auto endpoint = protocol::parse_socket_name(name)) {
    xgops::fuzz::require(endpoint->pid > 0, "a PID is positive");
    xgops::fuzz::require(protocol::socket_name(*endpoint) == name,
                         "socket_name(parse_socket_name(x)) == x");
  }
  return 0;
}
