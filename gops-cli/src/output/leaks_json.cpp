// SPDX-License-Identifier: MIT
// `xgops leaks` as JSON.
#include "output/json.hpp"
#include "output/json_parts.hpp"
#include "output/site_text.hpp"

namespace xgops::cli {
namespace {

Json evidence_id(Evidence evidence) {
  switch (evidence) {
    case Evidence::kCycle:
      return "cycle";
    case Evidence::kHolderGone:
      return "holder_gone";
    case Evidence::kNobody:
      return "nobody_can_end";
    case Evidence::kNobodyCanRun:
      return "nobody_can_run";
    case Evidence::kBehind:
      return "behind";
    case Evidence::kNone:
      break;
  }
  return {};
}

}  // namespace

std::string leaks_json(const LeaksReport& report) {
  Json document = begin_document("leaks");
  add_process(document, report.process);
  document["time"] = utc_text(report.time);
  document["sample"] = report.sample ? Json(report.sample->number) : Json();
  document["findings"] = report.findings();
  Json groups = Json::array();
  for (const LeakRow& row : report.rows) {
    Json object = Json::object();
    object["class"] = text_or_null(id_of(row.leak_class));
    object["evidence"] = evidence_id(row.evidence);
    object["finding"] = row.finding;
    object["before"] = row.before ? Json(*row.before) : Json();
    object["growth"] = row.before ? Json(row.growth()) : Json();
    add_group(object, row.group);
    groups.push_back(std::move(object));
  }
  document["groups"] = std::move(groups);
  Json reasons = Json::array();
  for (const LeakReason& reason : report.reasons) {
    Json object = Json::object();
    object["rule"] = reason.rule;
    object["message"] = reason.sentence;
    reasons.push_back(std::move(object));
  }
  document["reasons"] = std::move(reasons);
  document["alarm"] = report.alarm;
  document["older_ms"] = report.sample ? Json() : Json(report.older.count());
  document["between_ms"] = report.between ? Json(report.between->count()) : Json();
  document["threads"] = report.threads;
  document["tasks"] = report.tasks;
  document["incomplete"] = report.incomplete;
  add_cost(document, report.cost);
  return finish(document);
}

}  // namespace xgops::cli
