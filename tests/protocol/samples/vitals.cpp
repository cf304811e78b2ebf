// SPDX-License-Identifier: MIT
// Examples of asking for the vitals.
#include "xgops/protocol/messages/vitals.hpp"

#include "samples/sample.hpp"

namespace xgops::test {

using protocol::Vitals;

template <>
Vitals::Request sample() {
  return {};
}

template <>
Vitals::Response sample() {
  Vitals::Response response;
  response.tasks = 0x0807060504030201;
  response.os_threads = 12;
  response.cpu_count = 8;
  response.cpu_quota_millis = 2'500;
  response.load_millis = {1'230, 450, 67};
  response.rss_bytes = 123'456'789;
  response.virtual_bytes = 9'876'543'210;
  response.uptime_ns = 5'000'000'003;
  response.cpu_time_ns = 4'000'000'004;
  response.open_fds = 33;
  response.fd_limit = ~std::uint64_t{0};  // RLIM_INFINITY
  response.requests_served = 17;
  response.peers_refused = 3;
  return response;
}

}  // namespace xgops::test
