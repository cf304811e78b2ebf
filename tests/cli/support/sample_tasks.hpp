// SPDX-License-Identifier: MIT
// Tasks with something of everything: as an agent streams them, and as renderers get them.
#pragma once

#include "report/tasks.hpp"
#include "xgops/protocol/messages/tasks.hpp"

#include <vector>

namespace xgops::test {

/// An acceptor, its sessions, a timer, locks with owners dead and alive, a channel, a task that
/// runs, hostile names; in three messages.
[[nodiscard]] std::vector<protocol::Tasks::Response> sample_tasks_stream();
/// Some of them in groups.
[[nodiscard]] std::vector<protocol::Tasks::Response> sample_task_groups_stream();

/// What a command makes of `parts`.
[[nodiscard]] cli::TaskTable sample_task_table(std::vector<protocol::Tasks::Response> parts);

}  // namespace xgops::test
