// SPDX-License-Identifier: MIT
// `xgops tasks` as JSON.
#include "output/json.hpp"
#include "output/task_json.hpp"

namespace xgops::cli {

std::string tasks_json(const TasksReport& report) {
  Json document = begin_document("tasks");
  add_process(document, report.process);
  Json tasks = Json::array();
  for (const protocol::Task& task : report.table.tasks) {
    tasks.push_back(task_object(report.table, task));
  }
  document["tasks"] = std::move(tasks);
  document["matched"] = report.matched;
  document.update(task_totals(report.table));
  document["symbol_notes"] = report.table.creation.symbol_notes;
  return finish(document);
}

}  // namespace xgops::cli
