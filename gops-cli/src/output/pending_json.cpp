// SPDX-License-Identifier: MIT
// `xgops pending` as JSON.
#include "output/escape.hpp"
#include "output/json.hpp"
#include "output/task_json.hpp"
#include "output/task_text.hpp"

namespace xgops::cli {

std::string pending_json(const PendingReport& report) {
  Json document = begin_document("pending");
  add_process(document, report.process);
  Json pending = Json::array();
  const auto add = [&](const TaskTable& table, const protocol::Task& task) -> Json& {
    Json object = Json::object();
    Json described = task_object(table, task);
    object["task"] = task.id != 0 ? Json(task.id) : Json();
    object["context"] = nullptr;
    object["age_ns"] = described["age_ns"];
    object["wait"] = std::move(described["wait"]);
    pending.push_back(std::move(object));
    return pending.back();
  };
  for (const protocol::Task& task : report.tasks.tasks) {
    add(report.tasks, task);
  }
  for (std::size_t i = 0; i < report.callbacks.tasks.size(); ++i) {
    add(report.callbacks, report.callbacks.tasks[i])["context"] = hex_text(report.contexts[i]);
  }
  document["pending"] = std::move(pending);
  document["unrecorded"] = report.unrecorded;
  document["truncated"] = report.tasks.truncated || report.callbacks.truncated;
  return finish(document);
}

}  // namespace xgops::cli
