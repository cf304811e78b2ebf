// SPDX-License-Identifier: MIT
// Example of an error reply.
#include "xgops/protocol/messages/error.hpp"

#include "samples/sample.hpp"

namespace xgops::test {

template <>
protocol::ErrorReply sample() {
  protocol::ErrorReply reply;
  reply.code = protocol::Errc::kNotFound;
  reply.text = "thread 4711";
  reply.hint = "`xgops threads` lists them";
  return reply;
}

}  // namespace xgops::test
