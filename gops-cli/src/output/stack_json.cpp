// SPDX-License-Identifier: MIT
// Stacks as JSON.
#include "output/dump_text.hpp"
#include "output/escape.hpp"
#include "output/json.hpp"
#include "output/json_parts.hpp"
#include "output/task_block.hpp"
#include "output/task_json.hpp"

namespace xgops::cli {
namespace {

std::string_view status_id(protocol::StackStatus status) {
  switch (status) {
    case protocol::StackStatus::kExact:
      return "exact";
    case protocol::StackStatus::kPartial:
      return "partial";
    case protocol::StackStatus::kUnavailable:
      return "unavailable";
  }
  return "unavailable";
}

std::string_view method_id(protocol::StackMethod method) {
  switch (method) {
    case protocol::StackMethod::kNone:
      return "none";
    case protocol::StackMethod::kRead:
      return "read";
    case protocol::StackMethod::kSignal:
      return "signal";
    case protocol::StackMethod::kSelf:
      return "self";
  }
  return "none";
}

std::string build_id_text(const std::vector<std::uint8_t>& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 0xfU];
  }
  return text;
}

Json module_object(const protocol::Module& module) {
  Json object = Json::object();
  object["path"] = module.path;
  object["begin"] = hex_text(module.begin);
  object["end"] = hex_text(module.end);
  object["bias"] = hex_text(module.bias);
  object["build_id"] = text_or_null(build_id_text(module.build_id));
  object["deleted"] = module.deleted;
  return object;
}

Json signal_object(const DumpSignal& signal) {
  Json object = Json::object();
  object["tid"] = signal.tid;
  object["signal"] = signal.signal;
  object["name"] = signal_name(signal.signal);
  object["code"] = signal.code;
  object["meaning"] = text_or_null(std::string(code_words(signal.signal, signal.code)));
  object["address"] = signal.address ? Json(hex_text(*signal.address)) : Json();
  object["sender"] = signal.sender != 0 ? Json(signal.sender) : Json();
  return object;
}

Json dump_object(const DumpFacts& dump) {
  Json object = Json::object();
  object["id"] = dump.id;
  object["cause"] = dump.is_crash ? "crash" : "request";
  object["signal"] = signal_object(dump.signal);
  Json others = Json::array();
  for (const DumpSignal& other : dump.others) {
    others.push_back(signal_object(other));
  }
  object["others"] = std::move(others);
  object["time_ns"] = dump.time_ns;
  object["complete"] = dump.complete();
  object["missing_lines"] = dump.missing_lines;
  object["damaged_lines"] = dump.damaged_lines;
  object["notes"] = dump.notes;
  return object;
}

Json tasks_array(const TaskTable& table) {
  Json tasks = Json::array();
  for (const protocol::TaskGroup& group : table.groups) {
    tasks.push_back(task_group_object(table, group));
  }
  for (const protocol::Task& task : table.tasks) {
    tasks.push_back(task_group_object(table, group_of_one(task)));
  }
  return tasks;
}

}  // namespace

std::string stack_json(const StackReport& report) {
  ThreadNames names;
  for (const ReportThread& thread : report.threads) {
    names[thread.facts.tid] = thread.facts.name;
  }
  Json document = begin_document("stack");
  add_process(document, report.process);
  if (report.dump) {
    document["dump"] = dump_object(*report.dump);
  }
  Json threads = Json::array();
  for (const ReportThread& thread : report.threads) {
    Json object = thread_facts(thread.facts, names);
    object["status"] = status_id(thread.status);
    object["method"] = method_id(thread.method);
    object["reason"] = text_or_null(thread.reason);
    object["truncated"] = thread.stack && report.table.stacks[*thread.stack].truncated;
    object["frames"] = thread.stack ? frames_array(report.table, report.table.stacks[*thread.stack])
                                    : Json::array();
    threads.push_back(std::move(object));
  }
  document["threads"] = std::move(threads);
  Json modules = Json::array();
  for (const protocol::Module& module : report.table.modules) {
    modules.push_back(module_object(module));
  }
  document["modules"] = std::move(modules);
  document["dropped"] = report.dropped;
  document["truncated"] = report.truncated;
  add_cost(document, report.cost);
  document["tasks"] = report.tasks ? tasks_array(*report.tasks) : Json::array();
  document["task_totals"] = report.tasks ? task_totals(*report.tasks) : Json();
  document["symbol_notes"] = report.table.symbol_notes;
  return finish(document);
}

}  // namespace xgops::cli
