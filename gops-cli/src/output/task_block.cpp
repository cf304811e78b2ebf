// SPDX-License-Identifier: MIT
// A task, or a group of equal ones, as lines in the manner of a Go traceback.
#include "output/task_block.hpp"

#include "output/escape.hpp"
#include "output/task_text.hpp"
#include "support/duration.hpp"

#include <algorithm>
#include <span>

namespace xgops::cli {

using protocol::Task;
using protocol::TaskGroup;
using protocol::TaskStatus;

std::string task_ids_text(const TaskGroup& group) {
  std::string text;
  for (const std::uint64_t id : group.ids) {
    text += (text.empty() ? "" : ", ") + std::to_string(id);
  }
  if (group.count > group.ids.size() && !text.empty()) {
    text += ", " + std::to_string(group.count - group.ids.size()) + " more";
  }
  return text;
}

std::string task_age_text(const TaskGroup& group) {
  const std::int64_t longest = group.longest.state_age_ns;
  if (longest < 0) {
    return {};
  }
  const std::string high = age_text(longest);
  const std::string low =
      group.count == 1 || group.youngest_age_ns < 0 ? high : age_text(group.youngest_age_ns);
  return low == high ? high : low + " to " + high;
}

TaskGroup group_of_one(const Task& task) {
  return {task, 1, task.state_age_ns, {task.id}};
}

std::string task_title(const TaskTable& table, const TaskGroup& group) {
  std::string title = group.count == 1 ? "task" : std::to_string(group.count) + " tasks";
  if (const std::string ids = task_ids_text(group); !ids.empty()) {
    title += " " + ids;
  }
  if (const std::string& name = table.text(group.longest.name); !name.empty()) {
    title += " \"" + escape(name) + "\"";
  }
  return title;
}

std::string task_reason_text(const TaskTable& table, const TaskGroup& group) {
  std::string text = task_wait_summary(table, group.longest,
                                       group.count == 1 ? WaitDetail::kAll : WaitDetail::kCommon);
  for (const std::string& part : {task_owner_summary(group.longest), task_age_text(group)}) {
    text += part.empty() ? "" : ", " + part;
  }
  return text;
}

TaskBlocks::TaskBlocks(const TaskTable& table, const Style& style)
    : table_(table),
      style_(style),
      frame_text_(table.creation, style),
      running_text_(table.running_stacks, style) {}

std::string TaskBlocks::header(const TaskGroup& group) const {
  const Task& task = group.longest;
  std::string text = style_.heading(task_title(table_, group)) + " [" +
                     paint_task(style_, task, task_reason_text(table_, group)) + "]";
  if (group.count == 1) {
    if (task.resumed > 0) {
      text += ", resumed " + (task.resumed == 1 ? "once" : std::to_string(task.resumed) + " times");
    }
    if (task.parent != 0) {
      text += ", parent task " + std::to_string(task.parent);
    }
  }
  return text;
}

std::string TaskBlocks::frames(const Task& task) const {
  std::string out;
  auto chain = std::span(table_.chain(task.chain));
  if (const ReportStack* const stack = table_.running_stack(task.id); stack != nullptr) {
    out += running_text_.lines_of(*stack);
    chain =
        chain.subspan(std::min<std::size_t>(chain.size(), 1));  // Its first is the last of these.
  }
  for (const std::uint32_t id : chain) {
    const SourcePlace& place = table_.place(id);
    const std::string line = place_line(place);
    if (id == 0) {
      out += "  " + style_.dim("(a function that has not waited yet)") + "\n";
      continue;
    }
    out += "  " + (place.function.empty() ? "?" : escape(place.function)) + "\n";
    out += line.empty() ? "" : "      " + style_.dim(line) + "\n";
  }
  return out;
}

std::string TaskBlocks::creation(const Task& task) const {
  const SourcePlace& place = table_.place(task.created_at);
  std::string out;
  if (const std::string line = place_line(place); !line.empty()) {
    out += "  created at " + line;
    out += place.function.empty() ? "\n" : " in " + escape(place.function) + "\n";
  }
  if (task.creation_stack != 0) {
    out += place.file.empty() ? "  created in\n" : "";
    out += frame_text_.lines_of(table_.creation.stacks[task.creation_stack - 1]);
  }
  return out;
}

std::string TaskBlocks::lines_of(const TaskGroup& group) const {
  const Task& task = group.longest;
  std::string lines = frames(task);
  if (task.status == TaskStatus::kMoving) {
    lines += "  " + style_.warning("(it ran meanwhile)") + "\n";
  } else if (task.status == TaskStatus::kPartial) {
    lines += "  " + style_.warning("(partial: frames are missing)") + "\n";
  }
  if (const std::string& labels = table_.text(task.labels); !labels.empty()) {
    lines += "  labels " + escape(labels) + "\n";
  }
  lines += creation(task);
  return header(group) + (lines.empty() ? "\n" : ":\n") + lines + "\n";
}

}  // namespace xgops::cli
