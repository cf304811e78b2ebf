// SPDX-License-Identifier: MIT
// Pending operations as a table.
#include "output/escape.hpp"
#include "output/style.hpp"
#include "output/table.hpp"
#include "output/task_text.hpp"
#include "output/text.hpp"
#include "support/duration.hpp"

namespace xgops::cli {
namespace {

using protocol::Task;

std::string age_of(const Task& task) {
  return task.state_age_ns < 0 ? "-" : age_text(task.state_age_ns);
}

/// `task 19 "session" Session::run() session.cpp:57`
std::string waiter_text(const TaskTable& table, const Task& task) {
  std::string text = "task " + std::to_string(task.id);
  if (task.name != 0) {
    text += " \"" + escape(table.text(task.name)) + '"';
  }
  const SourcePlace& place = table.place(user_place(table, task.chain));
  if (!place.function.empty()) {
    text += ' ' + escape(place.function);
  }
  if (const std::string line = place_line(place); !line.empty()) {
    text += ' ' + line;
  }
  return text;
}

std::string counted(std::size_t count, const char* one, const char* many) {
  return std::to_string(count) + ' ' + (count == 1 ? one : many);
}

}  // namespace

std::string pending_text(const PendingReport& report, const Presentation& presentation) {
  const Style style(presentation.color);
  Table lines({{"FOR", Align::kRight}, {"OPERATION"}, {"WHO WAITS"}});
  for (const Task& task : report.tasks.tasks) {
    lines.add(
        {age_of(task), task_wait_summary(report.tasks, task), waiter_text(report.tasks, task)});
  }
  for (std::size_t i = 0; i < report.callbacks.tasks.size(); ++i) {
    const Task& task = report.callbacks.tasks[i];
    lines.add({age_of(task), task_wait_summary(report.callbacks, task),
               "callback, on the executor at " + hex_text(report.contexts[i])});
  }
  const bool empty = report.tasks.tasks.empty() && report.callbacks.tasks.empty();
  return (empty ? std::string() : lines.render(style)) +
         counted(report.tasks.tasks.size(), "task", "tasks") + " and " +
         counted(report.callbacks.tasks.size(), "callback", "callbacks") + " pending\n";
}

}  // namespace xgops::cli
