// SPDX-License-Identifier: MIT
// `xgops locks` as JSON.
#include "output/escape.hpp"
#include "output/json.hpp"
#include "output/json_parts.hpp"

namespace xgops::cli {
namespace {

Json parties(const std::vector<Party>& all) {
  Json array = Json::array();
  for (const Party& party : all) {
    Json object = Json::object();
    object["thread"] = party.is_thread ? Json(party.id) : Json();
    object["task"] = party.is_thread ? Json() : Json(party.id);
    object["name"] = text_or_null(party.name);
    object["ended"] = party.gone;
    array.push_back(std::move(object));
  }
  return array;
}

}  // namespace

std::string locks_json(const LocksReport& report) {
  Json document = begin_document("locks");
  add_process(document, report.process);
  Json locks = Json::array();
  for (const LockRow& lock : report.locks) {
    Json object = Json::object();
    object["kind"] = lock.kind;
    object["address"] = lock.address == 0 ? Json() : Json(hex_text(lock.address));
    object["detail"] = text_or_null(lock.detail);
    object["holders"] = parties(lock.holders);
    object["unnamed_holders"] = lock.unnamed_holders;
    object["waiters"] = parties(lock.waiters);
    object["longest_ns"] = lock.longest_ns < 0 ? Json() : Json(lock.longest_ns);
    locks.push_back(std::move(object));
  }
  document["locks"] = std::move(locks);
  document["threads"] = report.threads;
  document["tasks"] = report.tasks;
  document["incomplete"] = report.incomplete;
  add_cost(document, report.cost);
  return finish(document);
}

}  // namespace xgops::cli
