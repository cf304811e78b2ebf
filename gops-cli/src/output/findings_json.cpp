// SPDX-License-Identifier: MIT
// Findings as JSON, and as SARIF 2.1.0 for tools that collect findings.
#include "output/escape.hpp"
#include "output/finding_words.hpp"
#include "output/json.hpp"
#include "output/json_parts.hpp"
#include "output/task_json.hpp"
#include "output/task_text.hpp"

namespace xgops::cli {
namespace {

Json frames_of(const StackReport& look, const ReportThread& thread) {
  Json frames = Json::array();
  if (!thread.stack) {
    return frames;
  }
  for (const ReportFrame& frame : look.table.stacks[*thread.stack].frames) {
    for (const symbolize::Symbol& symbol : look.table.locations[frame.location]) {
      Json object = Json::object();
      object["function"] = text_or_null(symbol.function);
      object["file"] = text_or_null(symbol.file);
      object["line"] = symbol.line == 0 ? Json() : Json(symbol.line);
      object["module"] = text_or_null(symbol.module);
      object["offset"] = symbol.offset;
      object["inlined"] = symbol.inlined;
      frames.push_back(std::move(object));
    }
  }
  return frames;
}

Json reference(const FindingsReport& report, const Who& who) {
  Json object = Json::object();
  object["thread"] = who.is_thread ? Json(report.look.threads[who.index].facts.tid) : Json();
  object["task"] = who.is_thread ? Json() : Json(report.look.tasks->tasks[who.index].id);
  return object;
}

Json member(const FindingsReport& report, const Who& who, const ThreadNames& names) {
  Json object = reference(report, who);
  if (who.is_thread) {
    const ReportThread& thread = report.look.threads[who.index];
    const Json facts = thread_facts(thread.facts, names);
    object["name"] = facts["name"];
    object["age_ns"] = thread.facts.state_age_ns < 0 ? Json() : Json(thread.facts.state_age_ns);
    object["wait"] = facts["wait"];
    object["frames"] = frames_of(report.look, thread);
    return object;
  }
  const Json described = task_object(*report.look.tasks, report.look.tasks->tasks[who.index]);
  for (const char* const key : {"name", "age_ns", "wait", "frames"}) {
    object[key] = described[key];
  }
  return object;
}

/// Where a member is, in the program's source: the first frame with a line that is not a library's.
Json sarif_location(const FindingsReport& report, const Who& who) {
  const auto place = [](const std::string& file, std::uint32_t line) {
    Json location = Json::object();
    location["physicalLocation"]["artifactLocation"]["uri"] = file;
    location["physicalLocation"]["region"]["startLine"] = line;
    return location;
  };
  if (!who.is_thread) {
    const TaskTable& table = *report.look.tasks;
    const SourcePlace& found = table.place(user_place(table, table.tasks[who.index].chain));
    return found.line == 0 ? Json() : place(found.file, found.line);
  }
  const ReportThread& thread = report.look.threads[who.index];
  if (!thread.stack) {
    return {};
  }
  for (const ReportFrame& frame : report.look.table.stacks[*thread.stack].frames) {
    for (const symbolize::Symbol& symbol : report.look.table.locations[frame.location]) {
      if (symbol.line != 0 && !is_of_a_library(symbol)) {
        return place(symbol.file, symbol.line);
      }
    }
  }
  return {};
}

}  // namespace

std::string findings_json(const FindingsReport& report) {
  Json document = begin_document("diagnose");
  add_process(document, report.process);
  ThreadNames names;
  for (const ReportThread& thread : report.look.threads) {
    names[thread.facts.tid] = thread.facts.name;
  }
  Json findings = Json::array();
  for (const Finding& finding : report.findings) {
    Json object = Json::object();
    object["rule"] = finding.rule;
    object["severity"] = severity_id(finding.severity);
    object["message"] = finding.sentence;
    Json members = Json::array();
    for (const Who& who : finding.members) {
      members.push_back(member(report, who, names));
    }
    object["members"] = std::move(members);
    object["unlisted_members"] = finding.unlisted;
    Json behind = Json::array();
    for (const Who& who : finding.behind) {
      behind.push_back(reference(report, who));
    }
    object["behind"] = std::move(behind);
    object["behind_count"] = finding.behind_count;
    object["notes"] = finding.notes;
    object["more"] = more_command(report, finding);
    findings.push_back(std::move(object));
  }
  document["findings"] = std::move(findings);
  Json rules = Json::array();
  for (const RuleInfo& rule : report.rules) {
    rules.push_back(rule.id);
  }
  document["rules"] = std::move(rules);
  document["threads"] = report.look.threads.size();
  document["tasks"] = report.look.tasks ? report.look.tasks->tasks.size() : 0;
  document["looked_twice"] = report.looked_twice;
  document["between_ms"] = report.between.count();
  document["incomplete"] = report.incomplete;
  add_cost(document, report.look.cost);
  return finish(document);
}

std::string findings_sarif(const FindingsReport& report) {
  Json document = Json::object();
  document["$schema"] = "https://json.schemastore.org/sarif-2.1.0.json";
  document["version"] = "2.1.0";
  Json run = Json::object();
  Json& driver = run["tool"]["driver"];
  driver["name"] = "xgops";
  driver["version"] = report.process.agent;
  driver["rules"] = Json::array();
  for (const RuleInfo& rule : report.rules) {
    Json object = Json::object();
    object["id"] = rule.id;
    object["shortDescription"]["text"] = rule.summary + ".";
    driver["rules"].push_back(std::move(object));
  }
  run["results"] = Json::array();
  for (const Finding& finding : report.findings) {
    Json result = Json::object();
    result["ruleId"] = finding.rule;
    result["level"] = severity_id(finding.severity);
    result["message"]["text"] = finding.sentence;
    result["locations"] = Json::array();
    for (const Who& who : finding.members) {
      if (Json location = sarif_location(report, who); !location.is_null()) {
        result["locations"].push_back(std::move(location));
      }
    }
    run["results"].push_back(std::move(result));
  }
  document["runs"] = Json::array({std::move(run)});
  return finish(document);
}

}  // namespace xgops::cli
