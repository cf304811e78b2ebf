// SPDX-License-Identifier: MIT
// `xgops leaks` as JSON.
#include "output/escape.hpp"
#include "output/json.hpp"
#include "output/json_parts.hpp"
#include "output/proof_text.hpp"
#include "output/site_text.hpp"

namespace xgops::cli {
namespace {

using protocol::ProofHolder;
using protocol::ProofReason;

Json evidence_id(Evidence evidence) {
  switch (evidence) {
    case Evidence::kCycle:
      return "cycle";
    case Evidence::kHolderGone:
      return "holder_gone";
    case Evidence::kNobody:
      return "nobody_can_end";
    case Evidence::kUnreachable:
      return "unreachable";
    case Evidence::kNobodyCanRun:
      return "nobody_can_run";
    case Evidence::kBehind:
      return "behind";
    case Evidence::kNone:
      break;
  }
  return {};
}

const char* reason_id(ProofReason reason) {
  switch (reason) {
    case ProofReason::kNone:
      return "unreachable";
    case ProofReason::kDoubt:
      return "doubt";
    case ProofReason::kFrameHeld:
      return "frame_held";
    case ProofReason::kFromSuspects:
      return "from_suspects";
    case ProofReason::kReached:
      break;
  }
  return "reached";
}

Json holder_id(ProofHolder holder) {
  switch (holder) {
    case ProofHolder::kNothing:
      break;
    case ProofHolder::kGlobal:
      return "global";
    case ProofHolder::kStack:
      return "stack";
    case ProofHolder::kRegister:
      return "register";
    case ProofHolder::kHeap:
      return "heap";
    case ProofHolder::kTask:
      return "task";
    case ProofHolder::kMapping:
      return "mapping";
    case ProofHolder::kKernel:
      return "kernel";
    case ProofHolder::kLiveTask:
      return "live_task";
    case ProofHolder::kUnknown:
      return "unknown";
  }
  return {};
}

Json estimate_json(const ProofSummary& proof) {
  Json object = Json::object();
  object["scan_bytes"] = proof.estimate.scan_bytes;
  object["limit_bytes"] = proof.limit_bytes;
  object["pause_s"] = seconds(proof.estimate.pause_ns);
  object["child_bytes"] = proof.estimate.child_bytes;
  object["worst_bytes"] = proof.estimate.worst_bytes;
  object["headroom_bytes"] =
      proof.estimate.headroom_bytes < 0 ? Json() : Json(proof.estimate.headroom_bytes);
  object["threads"] = proof.estimate.threads;
  return object;
}

Json costs_json(const protocol::ProofCosts& costs) {
  Json object = Json::object();
  object["stops"] = costs.stops;
  object["longest_pause_s"] = seconds(costs.longest_pause_ns);
  object["pause_s"] = seconds(costs.pause_ns);
  object["total_s"] = seconds(costs.total_ns);
  object["scanned_bytes"] = costs.scanned_bytes;
  object["child_bytes"] = costs.child_bytes;
  return object;
}

Json holder_json(const ProofRow& row) {
  const protocol::TaskProof& proof = row.first;
  const bool is_task = proof.holder == ProofHolder::kTask || proof.holder == ProofHolder::kLiveTask;
  Json object = Json::object();
  object["kind"] = holder_id(proof.holder);
  object["tid"] = proof.holder_tid == 0 ? Json() : Json(proof.holder_tid);
  object["task"] = is_task && proof.holder_address != 0 ? Json(proof.holder_address) : Json();
  object["address"] =
      is_task || proof.holder_address == 0 ? Json() : Json(hex_text(proof.holder_address));
  object["name"] = text_or_null(row.holder_name);
  object["module"] = text_or_null(row.module);
  object["offset"] = row.module.empty() ? Json() : Json(hex_text(row.offset));
  return object;
}

Json proof_json(const ProofSummary& proof) {
  Json object = Json::object();
  object["problem"] = text_or_null(proof.problem);
  object["doubts"] = proof.doubts;
  object["proven"] = proof.proven;
  object["suspects"] = proof.suspects;
  object["reachable"] = proof.reachable;
  object["changed"] = proof.changed;
  Json verdicts = Json::array();
  for (const ProofRow& row : proof.rows) {
    Json verdict = Json::object();
    verdict["verdict"] = verdict_id(row.first.verdict);
    verdict["reason"] = reason_id(row.first.reason);
    verdict["holder"] = row.first.holder == ProofHolder::kNothing ? Json() : holder_json(row);
    add_group(verdict, row.group);
    verdicts.push_back(std::move(verdict));
  }
  object["verdicts"] = std::move(verdicts);
  object["estimate"] = estimate_json(proof);
  object["costs"] = costs_json(proof.costs);
  return object;
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
  document["proof"] = report.proof ? proof_json(*report.proof) : Json();
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
