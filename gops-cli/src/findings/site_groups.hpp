// SPDX-License-Identifier: MIT
// Puts together who waits for the same at the same place.
#pragma once

#include "findings/look.hpp"
#include "report/site_group.hpp"

#include <cstdint>
#include <vector>

namespace xgops::cli {

/// Leaves an actor out of its group.
inline constexpr std::uint8_t kNotGrouped = 255;

/// The groups of all threads but the agent's own, and of all tasks, in the order of their sites.
/// `marks` has an entry for each thread, then for each task: those with different ones are in
/// different groups. Empty: all are 0.
/// Cost: a search among the groups for each thread and task; texts are made once a group.
[[nodiscard]] std::vector<SiteGroup> group_by_site(const Look& look,
                                                   const std::vector<std::uint8_t>& marks = {});

/// Whether servers with nothing to do have tasks that wait like this.
[[nodiscard]] bool waits_idly(const protocol::Task& task);

}  // namespace xgops::cli
