// SPDX-License-Identifier: MIT
// Reports as text for people. No I/O.
#pragma once

#include "output/presentation.hpp"
#include "report/diff.hpp"
#include "report/findings.hpp"
#include "report/leaks.hpp"
#include "report/list.hpp"
#include "report/locks.hpp"
#include "report/pending.hpp"
#include "report/stack.hpp"
#include "report/tasks.hpp"
#include "report/threads.hpp"
#include "report/tree.hpp"
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

/// A line a task, or everything about one.
[[nodiscard]] std::string tasks_text(const TasksReport& report, const Presentation& presentation);

/// An operation a line.
[[nodiscard]] std::string pending_text(const PendingReport& report,
                                       const Presentation& presentation);

/// A line a lock.
[[nodiscard]] std::string locks_text(const LocksReport& report, const Presentation& presentation);

/// Each finding with its evidence.
[[nodiscard]] std::string findings_text(const FindingsReport& report,
                                        const Presentation& presentation);

/// A line a group of which there is something to say; of `--watch` a line a sample.
[[nodiscard]] std::string leaks_text(const LeaksReport& report, const Presentation& presentation);
/// The last line of `--watch`.
[[nodiscard]] std::string leak_totals_text(const LeakTotals& totals);

/// A line a group: what became of it.
[[nodiscard]] std::string diff_text(const DiffReport& report, const Presentation& presentation);
/// What is in the file.
[[nodiscard]] std::string snapshot_text(const SnapshotReport& report);

/// Tasks below those that created them.
[[nodiscard]] std::string tree_text(const TreeReport& report, const Presentation& presentation);

/// Threads with equal stacks, wait reasons and owners form one group, headed by all of their ids.
/// Groups come in ascending order of their lowest TID, the agent's own thread last. Tasks follow,
/// those that wait longest first.
[[nodiscard]] std::string stack_text(const StackReport& report, const Presentation& presentation);

/// Brendan Gregg's collapsed stacks: `thread name;outermost;...;innermost count`, sorted,
/// without the agent's own thread; tasks as `task: wait;outermost;...;innermost count`.
[[nodiscard]] std::string stack_folded(const StackReport& report);

/// `12 threads in 3.1 ms, 0 interrupted`
[[nodiscard]] std::string cost_line(std::size_t threads, const protocol::Cost& cost,
                                    std::uint32_t dropped, bool truncated);
/// `340 tasks in 3.1 ms`
[[nodiscard]] std::string cost_line(const TaskTable& table);
/// Of threads and tasks: `12 threads and 340 tasks in 3.1 ms, 0 interrupted`
[[nodiscard]] std::string cost_line(const StackReport& report);

}  // namespace xgops::cli
