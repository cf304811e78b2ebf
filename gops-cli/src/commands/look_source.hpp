// SPDX-License-Identifier: MIT
// Asks an agent for everything that the rules want to know.
#pragma once

#include "client/target.hpp"
#include "commands/stack_table_builder.hpp"
#include "findings/look.hpp"
#include "findings/stack_samples.hpp"
#include "support/deadline.hpp"
#include "xgops/protocol/messages/threads.hpp"
#include "xgops/protocol/messages/waits.hpp"
#include "xgops/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace xgops::cli {

struct LookOptions {
  std::chrono::milliseconds timeout{0};  ///< For the agent, for each question.
  bool interrupt = true;                 ///< Whether running threads may get a signal.
  SymbolOptions symbols;
};

/// Threads, then tasks, then what is known of waits: three questions, one after the other, so what
/// they say may differ by some milliseconds.
/// Errors: as of `Session::ask_parts`, `StackBuilder::finish` and `TasksBuilder::finish`.
[[nodiscard]] Result<Look> take_look(Target& target, const Deadline& deadline,
                                     const LookOptions& options);

/// The epoll descriptors that these threads wait for, as many as one may ask about.
[[nodiscard]] std::vector<std::int32_t> event_polls_of(
    const std::vector<const protocol::ThreadFacts*>& threads);

/// Adds a part of what is known of waits.
void add_waits(Look& look, protocol::Waits::Response part);

/// The stack of one thread; nothing: it has ended, or there was no answer.
[[nodiscard]] std::optional<SampledStack> take_sample(Target& target, const Deadline& deadline,
                                                      const LookOptions& options, std::int32_t tid);

}  // namespace xgops::cli
