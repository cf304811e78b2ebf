// SPDX-License-Identifier: MIT
// Reports as text for people. No I/O.
#pragma once

#include "output/presentation.hpp"
#include "report/list.hpp"
#include "report/stack.hpp"
#include "report/threads.hpp"
#include "report/vitals.hpp"
#include "xgops/protocol/messages/cost.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace xgops::cli {

[[nodiscard]] std::string list_text(const ListReport& report, const Presentation& presentation);
/// The columns of the table, tab-separated, without a heading; `-` where nothing is known.
[[nodiscard]] std::string list_tsv(const ListReport& report);

[[nodiscard]] std::string vitals_text(const VitalsReport& report, const Presentation& presentation);

[[nodiscard]] std::string threads_text(const ThreadsReport& report,
                                       const Presentation& presentation);

/// Threads with equal stacks, wait reasons and owners form one group, headed by all of their ids.
/// Groups come in ascending order of their lowest TID, the agent's own thread last.
[[nodiscard]] std::string stack_text(const StackReport& report, const Presentation& presentation);

/// Brendan Gregg's collapsed stacks: `thread name;outermost;...;innermost count`, sorted,
/// without the agent's own thread.
[[nodiscard]] std::string stack_folded(const StackReport& report);

/// `12 threads in 3.1 ms, 0 interrupted`
[[nodiscard]] std::string cost_line(std::size_t threads, const protocol::Cost& cost,
                                    std::uint32_t dropped, bool truncated);

}  // namespace xgops::cli
