// SPDX-License-Identifier: MIT
// `xgops tree` as JSON: a list, each node before those below it.
#include "output/json.hpp"
#include "output/task_json.hpp"

namespace xgops::cli {
namespace {

std::string_view origin_id(Origin origin) {
  switch (origin) {
    case Origin::kParent:
      return "parent";
    case Origin::kEnded:
      return "ended";
    case Origin::kUnseen:
      return "unseen";
    case Origin::kCycle:
      return "cycle";
  }
  return "parent";
}

}  // namespace

std::string tree_json(const TreeReport& report) {
  Json document = begin_document("tree");
  add_process(document, report.process);
  Json nodes = Json::array();
  for (const TreeNode& node : report.nodes) {
    Json object = task_group_object(report.table, node.group);
    object["depth"] = node.depth;
    object["origin"] = origin_id(node.origin);
    object["hidden"] = node.hidden;
    nodes.push_back(std::move(object));
  }
  document["nodes"] = std::move(nodes);
  document.update(task_totals(report.table));
  document["symbol_notes"] = report.table.creation.symbol_notes;
  return finish(document);
}

}  // namespace xgops::cli
