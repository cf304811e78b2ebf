// SPDX-License-Identifier: MIT
// Takes snapshots of processes, and looks at them.
#pragma once

#include "client/target.hpp"
#include "commands/command.hpp"
#include "commands/stack_table_builder.hpp"
#include "findings/look.hpp"
#include "snapshots/snapshot_file.hpp"
#include "support/deadline.hpp"
#include "xgops/result.hpp"

#include <chrono>

namespace xgops::cli {

/// Asks for threads with their stacks, tasks and waits, one after the other.
/// Errors: as of `Session::ask_parts`.
[[nodiscard]] Result<Snapshot> take_snapshot(const Places& places, Target& target,
                                             const Deadline& deadline,
                                             std::chrono::milliseconds timeout, bool interrupt);

/// What `snapshot`, which is used up, shows.
/// Errors: `Failure::kBadAnswer` when its parts contradict each other.
[[nodiscard]] Result<Look> look_at(Snapshot snapshot, const SymbolOptions& symbols);

}  // namespace xgops::cli
