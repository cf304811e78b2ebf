// SPDX-License-Identifier: MIT
// Examples of asking for pending operations.
#include "xgops/protocol/messages/pending.hpp"

#include "samples/sample.hpp"

namespace xgops::test {

using protocol::Pending;

template <>
Pending::Request sample() {
  Pending::Request request;
  request.deadline_ms = 2'500;
  return request;
}

template <>
Pending::Response sample() {
  protocol::PendingOperation operation;
  operation.reason = protocol::TaskWaitReason::kSocketReceive;
  operation.argument_kind = protocol::TaskArgument::kDescriptor;
  operation.argument = 12;
  operation.context = 0x7ffe'1234'5678;
  operation.age_ns = 180'000'000'000;
  operation.detail = 1;

  Pending::Response response;
  response.texts = {{1, "tcp 127.0.0.1:80 -> 127.0.0.1:51004"}};
  response.operations = {operation, protocol::PendingOperation{}};
  response.unrecorded = 7;
  response.truncated = true;
  response.cost.elapsed_ns = 3'100'000;
  response.cost.cpu_ns = 2'900'000;
  response.cost.interrupted = 1;
  return response;
}

}  // namespace xgops::test
