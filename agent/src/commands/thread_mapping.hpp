// SPDX-License-Identifier: MIT
// From what the capture yields to what crosses the wire.
#pragma once

#include "threads/capture.hpp"
#include "xgops/protocol/messages/stacks.hpp"
#include "xgops/protocol/messages/threads.hpp"

#include <chrono>
#include <cstdint>

namespace xgops::commands {

[[nodiscard]] protocol::ThreadFacts to_wire(threads::ThreadFacts facts);
[[nodiscard]] protocol::ThreadStack to_wire(threads::ThreadStack thread);
[[nodiscard]] protocol::Module to_wire(threads::Module module);
[[nodiscard]] protocol::Stack to_wire(const threads::Stack& stack);
[[nodiscard]] protocol::Cost to_wire(const threads::CaptureSummary& summary,
                                     std::chrono::steady_clock::time_point arrival);

/// Bytes that the thread takes on the wire, roughly: to close messages near their target size.
[[nodiscard]] std::size_t approximate_bytes(const protocol::ThreadFacts& facts);

}  // namespace xgops::commands
