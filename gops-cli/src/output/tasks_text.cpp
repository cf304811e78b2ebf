// SPDX-License-Identifier: MIT
// Tasks as a table, or one of them with everything.
#include "output/escape.hpp"
#include "output/style.hpp"
#include "output/table.hpp"
#include "output/task_block.hpp"
#include "output/task_text.hpp"
#include "output/text.hpp"
#include "support/duration.hpp"

#include <algorithm>

namespace xgops::cli {
namespace {

using protocol::Task;

/// `Server::accept() server.cpp:57`
std::string where_text(const TaskTable& table, const Task& task) {
  const SourcePlace& place = table.place(user_place(table, task.chain));
  std::string text = escape(place.function);
  if (const std::string line = place_line(place); !line.empty()) {
    text += (text.empty() ? "" : " ") + line;
  }
  return text;
}

std::string wait_text(const TaskTable& table, const Task& task) {
  std::string text = task_wait_summary(table, task);
  if (const std::string owner = task_owner_summary(task); !owner.empty()) {
    text += ", " + owner;
  }
  return text;
}

std::vector<std::string> row_of(const TaskTable& table, const Task& task, bool named) {
  std::vector<std::string> row{std::to_string(task.id)};
  if (named) {
    row.push_back(or_dash(escape(table.text(task.name))));
  }
  row.insert(row.end(),
             {std::string(task_state_id(task.state)),
              task.state_age_ns < 0 ? "-" : age_text(task.state_age_ns), wait_text(table, task),
              std::to_string(task.resumed), task.parent == 0 ? "-" : std::to_string(task.parent),
              or_dash(place_line(table.place(task.created_at))), or_dash(where_text(table, task))});
  return row;
}

std::string table_of(const TaskTable& table, const Style& style) {
  const bool named = std::any_of(table.tasks.begin(), table.tasks.end(),
                                 [](const Task& task) { return task.name != 0; });
  std::vector<Column> columns{{"ID", Align::kRight}};
  if (named) {
    columns.push_back({"NAME"});
  }
  columns.insert(columns.end(), {{"STATE"},
                                 {"FOR", Align::kRight},
                                 {"WAIT"},
                                 {"RESUMED", Align::kRight},
                                 {"PARENT", Align::kRight},
                                 {"CREATED"},
                                 {"WHERE"}});
  Table lines(std::move(columns));
  for (const Task& task : table.tasks) {
    lines.add(row_of(table, task, named));
  }
  return lines.render(style);
}

std::string shown_text(const TasksReport& report) {
  const std::size_t shown = report.table.tasks.size();
  if (shown == report.table.total) {
    return {};
  }
  if (shown < report.matched) {
    return std::to_string(shown) + " shown of " + std::to_string(report.matched) + " of ";
  }
  return std::to_string(shown) + " of ";
}

}  // namespace

std::string tasks_text(const TasksReport& report, const Presentation& presentation) {
  const Style style(presentation.color);
  std::string out;
  if (report.whole) {
    const TaskBlocks blocks(report.table, style);
    for (const Task& task : report.table.tasks) {
      out += blocks.lines_of(group_of_one(task));
    }
  } else if (!report.table.tasks.empty()) {
    out = table_of(report.table, style);
  }
  return out + shown_text(report) + cost_line(report.table) + "\n";
}

}  // namespace xgops::cli
