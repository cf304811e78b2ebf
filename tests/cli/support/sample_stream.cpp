// SPDX-License-Identifier: MIT
// Streamed answers for the fake agent.
#include "cli/support/sample_stream.hpp"

#include <string>

namespace xgops::test {
namespace {

constexpr std::uint64_t kBase = 0x10000000;

protocol::ThreadFacts facts(std::int32_t tid, const std::string& name, std::int32_t owner) {
  protocol::ThreadFacts made;
  made.tid = tid;
  made.name = name;
  made.state = 'S';
  made.cpu_ns = 1'500'000;
  made.state_age_ns = 5'000'000'000;
  made.wait.reason = protocol::WaitReason::kMutexLock;
  made.wait.owner_tid = owner;
  made.wait.owner_state = protocol::OwnerState::kLive;
  return made;
}

}  // namespace

std::vector<protocol::Stacks::Response> sample_stacks_stream() {
  protocol::Stacks::Response first;
  first.modules.resize(1);
  first.modules[0].id = 1;
  first.modules[0].begin = kBase;
  first.modules[0].end = kBase + 0x10000;
  first.modules[0].bias = kBase;
  first.modules[0].path = "/nonexistent/bank";
  first.stacks = {{1, false, {{kBase + 0x100, protocol::kExactPointer}, {kBase + 0x200, 0}}}};
  first.threads = {
      {facts(12, "io", 11), protocol::StackStatus::kExact, protocol::StackMethod::kRead, "", 1}};
  protocol::Stacks::Response second;
  second.stacks = {{2, false, {{kBase + 0x100, protocol::kExactPointer}, {kBase + 0x300, 0}}}};
  second.threads = {
      {facts(11, "teller", 12), protocol::StackStatus::kExact, protocol::StackMethod::kRead, "", 2},
      {facts(13, "io", 11), protocol::StackStatus::kExact, protocol::StackMethod::kRead, "", 1}};
  protocol::Stacks::Response last;
  last.cost.elapsed_ns = 3'100'000;
  return {first, second, last};
}

std::vector<protocol::Threads::Response> sample_threads_stream() {
  protocol::Threads::Response first;
  first.threads = {facts(12, "io", 11), facts(11, "teller", 12)};
  protocol::Threads::Response last;
  last.cost.elapsed_ns = 910'000;
  return {first, last};
}

}  // namespace xgops::test
