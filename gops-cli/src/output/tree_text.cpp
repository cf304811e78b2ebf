// SPDX-License-Identifier: MIT
// Tasks below those that created them.
#include "output/escape.hpp"
#include "output/style.hpp"
#include "output/task_block.hpp"
#include "output/task_text.hpp"
#include "output/text.hpp"

#include <string>
#include <vector>

namespace xgops::cli {
namespace {

std::string origin_text(const TreeNode& node) {
  const std::string parent = " (created by task " + std::to_string(node.group.longest.parent);
  switch (node.origin) {
    case Origin::kParent:
      return {};
    case Origin::kEnded:
      return parent + ", ended)";
    case Origin::kUnseen:
      return parent + ", not seen)";
    case Origin::kCycle:
      return parent + ", which it created itself)";
  }
  return {};
}

std::string node_text(const TaskTable& table, const TreeNode& node, const Style& style) {
  const protocol::TaskGroup& group = node.group;
  std::string text = style.heading(task_title(table, group)) + " [" +
                     paint_task(style, group.longest, task_reason_text(table, group)) + "]";
  const SourcePlace& place = table.place(user_place(table, group.longest.chain));
  for (const std::string& part : {escape(place.function), style.dim(place_line(place))}) {
    text += part.empty() ? "" : " " + part;
  }
  return text + style.warning(origin_text(node));
}

}  // namespace

std::string tree_text(const TreeReport& report, const Presentation& presentation) {
  const Style style(presentation.color);
  std::string out;
  // What stands before the nodes below each node of the current branch.
  std::vector<std::string> indents;
  for (const TreeNode& node : report.nodes) {
    indents.resize(node.depth);
    std::string before;
    for (const std::string& indent : indents) {
      before += indent;
    }
    const bool root = node.depth == 0;
    out += before +
           (root        ? ""
            : node.last ? "`- "
                        : "|- ") +
           node_text(report.table, node, style) + "\n";
    indents.push_back(root ? "" : node.last ? "   " : "|  ");
    if (node.hidden > 0) {
      out += before + indents.back() + "`- " +
             style.warning("(" + std::to_string(node.hidden) + " more below)") + "\n";
    }
  }
  return out + cost_line(report.table) + "\n";
}

}  // namespace xgops::cli
