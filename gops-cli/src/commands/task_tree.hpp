// SPDX-License-Identifier: MIT
// Who created whom.
#pragma once

#include "report/tree.hpp"

#include <cstdint>
#include <vector>

namespace xgops::cli {

/// Tasks below this are counted, not shown.
inline constexpr std::uint32_t kMaxTreeDepth = 64;

/// The tree of the tasks in `table`, which are in ascending order of id. Parents are not trusted:
/// they may be missing, or form a ring.
[[nodiscard]] std::vector<TreeNode> task_tree(const TaskTable& table);

}  // namespace xgops::cli
