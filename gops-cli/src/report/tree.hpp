// SPDX-License-Identifier: MIT
// What `xgops tree` found.
#pragma once

#include "report/process.hpp"
#include "report/tasks.hpp"

#include <cstdint>
#include <vector>

namespace xgops::cli {

enum class Origin : std::uint8_t {
  kParent,  ///< Its parent is the node above, or it has none.
  kEnded,   ///< Its parent does not exist any more.
  kUnseen,  ///< Its parent is not in the answer, which is incomplete.
  kCycle,   ///< Its parent is among its own descendants: the answer is wrong.
};

/// Equal siblings: what is below them is equal, too, and is shown once.
struct TreeNode {
  protocol::TaskGroup group;
  std::uint32_t depth = 0;
  Origin origin = Origin::kParent;
  bool last = true;          ///< No sibling follows.
  std::uint64_t hidden = 0;  ///< Tasks below each of them, too deep to be shown.
};

struct TreeReport {
  ProcessIdentity process;
  TaskTable table;
  std::vector<TreeNode> nodes;  ///< Each before those below it.
};

}  // namespace xgops::cli
