// SPDX-License-Identifier: MIT
// Streamed answers for the fake agent.
#pragma once

#include "xgops/protocol/messages/stacks.hpp"
#include "xgops/protocol/messages/threads.hpp"

#include <vector>

namespace xgops::test {

/// Two threads that wait for each other's mutex, and a third with the stack of the first; in three
/// messages. Addresses lie in a module that no file backs.
[[nodiscard]] std::vector<protocol::Stacks::Response> sample_stacks_stream();
/// The same threads in two messages.
[[nodiscard]] std::vector<protocol::Threads::Response> sample_threads_stream();

}  // namespace xgops::test
