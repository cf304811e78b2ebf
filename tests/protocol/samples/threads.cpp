// SPDX-License-Identifier: MIT
// Examples of asking for the threads.
#include "samples/threads.hpp"

#include "samples/sample.hpp"

namespace xgops::test {

using protocol::Threads;

protocol::ThreadFacts sample_thread_facts() {
  protocol::ThreadFacts facts;
  facts.tid = 4712;
  facts.name = "worker 1";
  facts.state = 'S';
  facts.is_agent = true;
  facts.cpu_ns = 1'234'567;
  facts.state_age_ns = 180'000'000'000;
  facts.wait.reason = protocol::WaitReason::kMutexLock;
  facts.wait.owner_state = protocol::OwnerState::kExited;
  facts.wait.inferred = true;
  facts.wait.owner_tid = 4713;
  facts.wait.readers = 2;
  facts.wait.object = 0x7ffe'1234'5678;
  facts.wait.fd = 12;
  facts.wait.timeout_ns = 1'500'000'000;
  facts.wait.timed = true;
  facts.wait.system_call = 202;
  facts.wait.detail = "std::mutex";
  return facts;
}

template <>
Threads::Request sample() {
  Threads::Request request;
  request.tid = 4712;
  request.deadline_ms = 2'500;
  return request;
}

template <>
Threads::Response sample() {
  Threads::Response response;
  response.threads.push_back(sample_thread_facts());
  response.threads.emplace_back();  // All defaults: nothing is known.
  response.dropped = 5;
  response.truncated = true;
  response.cost.elapsed_ns = 3'100'000;
  response.cost.cpu_ns = 2'900'000;
  response.cost.interrupted = 1;
  return response;
}

}  // namespace xgops::test
