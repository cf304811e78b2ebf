// SPDX-License-Identifier: MIT
#include "output/proof_text.hpp"

#include "output/escape.hpp"
#include "output/site_text.hpp"
#include "support/duration.hpp"

#include <algorithm>

namespace xgops::cli {
namespace {

using protocol::ProofHolder;
using protocol::ProofReason;
using protocol::ProofVerdict;

std::string quoted_name(const std::string& name) {
  return name.empty() ? std::string() : " \"" + escape(name) + '"';
}

std::string holder_words(const ProofRow& row) {
  const protocol::TaskProof& proof = row.first;
  const std::string thread = "thread " + std::to_string(proof.holder_tid);
  const std::string address = " (" + hex_text(proof.holder_address) + ")";
  switch (proof.holder) {
    case ProofHolder::kGlobal:
      return "a global variable" +
             (row.module.empty() ? address
                                 : " (" + escape(row.module) + "+" + hex_text(row.offset) + ")");
    case ProofHolder::kStack:
      return "the stack of " +
             (proof.holder_tid == 0 ? "a thread" : thread + quoted_name(row.holder_name));
    case ProofHolder::kRegister:
      return "a register of " +
             (proof.holder_tid == 0 ? "a thread" : thread + quoted_name(row.holder_name));
    case ProofHolder::kHeap:
      return "a block on the heap" + address;
    case ProofHolder::kTask:
    case ProofHolder::kLiveTask:
      return proof.holder_address == 0
                 ? "a task that goes on by itself"
                 : "task " + std::to_string(proof.holder_address) + quoted_name(row.holder_name);
    case ProofHolder::kMapping:
      return "mapped memory" + address;
    case ProofHolder::kKernel:
      return "an epoll set, a timer, a pipe or a socket";
    case ProofHolder::kNothing:
    case ProofHolder::kUnknown:
      break;
  }
  return "something";
}

/// Whether the groups of the report that are shown have this site.
bool is_shown(const LeaksReport& report, const Site& site) {
  return std::any_of(report.rows.begin(), report.rows.end(), [&](const LeakRow& row) {
    return (report.all || row.leak_class != LeakClass::kNone) &&
           row.leak_class != LeakClass::kBlocked && row.group.site == site;
  });
}

std::string member_ids_text(const SiteGroup& group) {
  std::string text;
  for (const std::uint64_t id : group.ids) {
    text += (text.empty() ? "" : ", ") + std::to_string(id);
  }
  return text + (group.count > group.ids.size() ? ", ..." : "");
}

std::string row_line(const ProofRow& row, const Style& style) {
  const Site& site = row.group.site;
  return style.heading(verdict_id(row.first.verdict)) + ": " +
         members_text(false, row.group.count) + " (" + member_ids_text(row.group) + "), " +
         site.wait +
         (site.place.file.empty() ? " in " + where_text(site.place)
                                  : " at " + created_text(site.place)) +
         ": " + proof_story(row) + "\n";
}

std::string costs_text(const ProofSummary& proof) {
  const protocol::ProofCosts& costs = proof.costs;
  return std::to_string(costs.stops) + (costs.stops == 1 ? " stop" : " stops") +
         " of all threads, the longest for " + elapsed_text(costs.longest_pause_ns) + "; " +
         elapsed_text(costs.total_ns) + " in all, " + size_text(costs.scanned_bytes) +
         " looked through, " + size_text(costs.child_bytes) + " for the child";
}

}  // namespace

const char* verdict_id(ProofVerdict verdict) {
  switch (verdict) {
    case ProofVerdict::kProven:
      return "proven";
    case ProofVerdict::kSuspect:
      return "suspect";
    case ProofVerdict::kReachable:
      break;
  }
  return "reachable";
}

std::string proof_story(const ProofRow& row) {
  const bool one = row.group.count == 1;
  switch (row.first.reason) {
    case ProofReason::kNone:
      return std::string("nothing in the process leads to ") + (one ? "it" : "them");
    case ProofReason::kDoubt:
      return std::string("nothing leads to ") + (one ? "it" : "them") +
             ", but not everything could be read";
    case ProofReason::kFrameHeld:
      return holder_words(row) + " has " + (one ? "its frame" : "their frames") +
             ", but nobody what " + (one ? "it waits" : "they wait") + " for";
    case ProofReason::kFromSuspects:
      return "only suspects lead to " + std::string(one ? "it" : "them") + ", such as " +
             holder_words(row);
    case ProofReason::kReached:
      break;
  }
  const std::string what = one ? "what it waits for" : "what they wait for";
  if (row.first.holder == ProofHolder::kUnknown) {
    return what + " is no block of the heap, so anybody may have it";
  }
  return holder_words(row) + " leads to " + what;
}

std::string proof_lines(const LeaksReport& report, const Style& style) {
  if (!report.proof) {
    return {};
  }
  const ProofSummary& proof = *report.proof;
  if (!proof.problem.empty()) {
    return style.warning("no proof") + ": " + escape(proof.problem) +
           (proof.costs.stops == 0 ? "" : "; " + costs_text(proof)) + "\n";
  }
  std::string out;
  for (const ProofRow& row : proof.rows) {
    const ProofVerdict verdict = row.first.verdict;
    const bool wanted =
        verdict == ProofVerdict::kProven ||
        (!row.blocked && (verdict == ProofVerdict::kSuspect || is_shown(report, row.group.site)));
    out += wanted ? row_line(row, style) : std::string();
  }
  for (const std::string& doubt : proof.doubts) {
    out += style.warning("nothing is proven") + ": " + escape(doubt) + "\n";
  }
  return out + "proof: " + std::to_string(proof.proven) + " proven, " +
         std::to_string(proof.suspects) + " suspect, " + std::to_string(proof.reachable) +
         " reachable" +
         (proof.changed == 0 ? std::string()
                             : ", " + std::to_string(proof.changed) + " went on meanwhile") +
         "; " + costs_text(proof) + "\n";
}

}  // namespace xgops::cli
