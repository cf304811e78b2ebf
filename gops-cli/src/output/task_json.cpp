// SPDX-License-Identifier: MIT
// Tasks and stacks as JSON.
#include "output/task_json.hpp"

#include "output/escape.hpp"
#include "output/task_text.hpp"

namespace xgops::cli {
namespace {

using protocol::Task;
using protocol::TaskArgument;
using protocol::TaskOwner;

/// `value` when the argument is of this kind, else null.
template <class Value>
Json argument_or_null(const Task& task, TaskArgument kind, const Value& value) {
  return task.argument_kind == kind ? Json(value) : Json();
}

Json wait_object(const TaskTable& table, const Task& task) {
  const auto number = static_cast<std::int64_t>(task.argument);
  const bool task_owner =
      task.owner_kind == TaskOwner::kTask || task.owner_kind == TaskOwner::kGone;
  const bool thread_owner =
      task.owner_kind == TaskOwner::kThread || task.owner_kind == TaskOwner::kGoneThread;
  Json object = Json::object();
  object["reason"] = task_reason_id(task.reason);
  object["text"] = task_wait_summary(table, task);
  object["fd"] = argument_or_null(task, TaskArgument::kDescriptor, number);
  object["expires_in_ns"] = argument_or_null(task, TaskArgument::kExpiry, number);
  object["object"] = argument_or_null(task, TaskArgument::kObject, hex_text(task.argument));
  object["task"] = argument_or_null(task, TaskArgument::kTask, task.argument);
  object["operations"] = argument_or_null(task, TaskArgument::kCount, task.argument);
  object["owner_task"] = task_owner ? Json(task.owner) : Json();
  object["owner_tid"] = thread_owner ? Json(task.owner) : Json();
  object["owner_gone"] =
      task.owner_kind == TaskOwner::kGone || task.owner_kind == TaskOwner::kGoneThread;
  object["detail"] = text_or_null(table.text(task.detail));
  return object;
}

Json place_object(const SourcePlace& place) {
  Json object = Json::object();
  object["function"] = text_or_null(place.function);
  object["file"] = text_or_null(place.file);
  object["line"] = place.line != 0 ? Json(place.line) : Json();
  return object;
}

Json created_object(const TaskTable& table, const Task& task) {
  Json object = place_object(table.place(task.created_at));
  object["stack"] =
      task.creation_stack != 0
          ? frames_array(table.creation, table.creation.stacks[task.creation_stack - 1])
          : Json::array();
  return object;
}

/// "a=1 b=2" as an object; what is no label is left out.
Json labels_object(std::string_view text) {
  Json object = Json::object();
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const auto label = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (const auto mark = label.find('='); mark != std::string_view::npos && mark > 0) {
      object[std::string(label.substr(0, mark))] = label.substr(mark + 1);
    }
  }
  return object;
}

}  // namespace

Json frames_array(const StackTable& table, const ReportStack& stack) {
  Json frames = Json::array();
  for (const ReportFrame& frame : stack.frames) {
    for (const symbolize::Symbol& symbol : table.locations[frame.location]) {
      Json object = Json::object();
      object["function"] = text_or_null(symbol.function);
      object["file"] = text_or_null(symbol.file);
      object["line"] = symbol.line != 0 ? Json(symbol.line) : Json();
      object["module"] = text_or_null(symbol.module);
      object["offset"] = symbol.offset;
      object["inlined"] = symbol.inlined;
      object["inferred"] = frame.inferred;
      object["address"] = hex_text(frame.instruction_pointer);
      frames.push_back(std::move(object));
    }
  }
  return frames;
}

Json task_object(const TaskTable& table, const Task& task) {
  Json object = Json::object();
  object["id"] = task.id;
  object["parent"] = task.parent != 0 ? Json(task.parent) : Json();
  object["name"] = text_or_null(table.text(task.name));
  object["state"] = task_state_id(task.state);
  object["status"] = task_status_id(task.status);
  object["wait"] = wait_object(table, task);
  object["age_ns"] = task.state_age_ns >= 0 ? Json(task.state_age_ns) : Json();
  object["resumed"] = task.resumed;
  object["tid"] = task.tid != 0 ? Json(task.tid) : Json();
  object["labels"] = labels_object(table.text(task.labels));
  object["created"] = created_object(table, task);
  Json frames = Json::array();
  for (const std::uint32_t id : table.chain(task.chain)) {
    frames.push_back(place_object(table.place(id)));
  }
  object["frames"] = std::move(frames);
  const ReportStack* const running = table.running_stack(task.id);
  object["thread_frames"] =
      running != nullptr ? frames_array(table.running_stacks, *running) : Json::array();
  return object;
}

Json task_group_object(const TaskTable& table, const protocol::TaskGroup& group) {
  Json object = task_object(table, group.longest);
  object["count"] = group.count;
  object["ids"] = group.ids;
  object["youngest_age_ns"] = group.youngest_age_ns >= 0 ? Json(group.youngest_age_ns) : Json();
  return object;
}

Json task_totals(const TaskTable& table) {
  Json object = Json::object();
  object["total"] = table.total;
  object["running"] = table.running;
  object["dropped"] = table.dropped;
  object["truncated"] = table.truncated;
  add_cost(object, table.cost);
  return object;
}

}  // namespace xgops::cli
