// SPDX-License-Identifier: MIT
// Examples of the first exchange.
#include "xgops/protocol/messages/hello.hpp"

#include "samples/sample.hpp"

#include <cstdint>
#include <numeric>

namespace xgops::test {

using protocol::Hello;

template <>
Hello::Request sample() {
  Hello::Request request;
  request.min_version = 0x0201;
  request.max_version = 0x0403;
  request.client_version = "0.1.0";
  return request;
}

template <>
Hello::Response sample() {
  Hello::Response response;
  response.status = protocol::HelloStatus::kNoCommonVersion;
  response.version = 0x0302;
  response.min_version = 0x0201;
  response.max_version = 0x0403;
  response.capabilities = {2, 3, 4, 5, 6};
  response.pid = 4711;
  response.start_time_ticks = 0x1122334455667788;
  std::iota(response.instance_id.begin(), response.instance_id.end(), std::uint8_t{0xa0});
  response.agent_version = "0.1.0";
  return response;
}

}  // namespace xgops::test
