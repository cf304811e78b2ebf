// SPDX-License-Identifier: MIT
// `xgops diff` and `xgops snapshot` as JSON.
#include "output/json.hpp"
#include "output/json_parts.hpp"
#include "output/site_text.hpp"

namespace xgops::cli {
namespace {

Json side_object(const DiffSide& side) {
  Json object = Json::object();
  object["file"] = text_or_null(side.file);
  object["time"] = utc_text(side.time);
  object["tasks"] = side.tasks;
  object["threads"] = side.threads;
  object["incomplete"] = side.incomplete;
  return object;
}

}  // namespace

std::string diff_json(const DiffReport& report) {
  Json document = begin_document("diff");
  add_process(document, report.process);
  document["older"] = side_object(report.older);
  document["younger"] = side_object(report.younger);
  document["between_ms"] = report.between.count();
  Json groups = Json::array();
  for (const DiffRow& row : report.rows) {
    Json object = Json::object();
    object["change"] = id_of(row.change);
    add_group(object, row.group);
    groups.push_back(std::move(object));
  }
  document["groups"] = std::move(groups);
  for (const Change change : {Change::kStuck, Change::kNew, Change::kGone, Change::kMoved}) {
    document[id_of(change)] = report.count(change);
  }
  document["symbol_notes"] = report.symbol_notes;
  return finish(document);
}

std::string snapshot_json(const SnapshotReport& report) {
  Json document = begin_document("snapshot");
  add_process(document, report.process);
  document["file"] = report.file;
  document["time"] = utc_text(report.time);
  document["bytes"] = report.bytes;
  document["tasks"] = report.tasks;
  document["threads"] = report.threads;
  document["incomplete"] = report.incomplete;
  return finish(document);
}

}  // namespace xgops::cli
