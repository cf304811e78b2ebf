// SPDX-License-Identifier: MIT
#include "findings/leak_rules.hpp"

#include "findings/proof_rules.hpp"
#include "findings/rules.hpp"
#include "findings/site_groups.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace xgops::cli {
namespace {

using waits::Fate;

/// What speaks for the most comes first, then what grows fastest, then what is most.
void sort_rows(std::vector<LeakRow>& rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const LeakRow& a, const LeakRow& b) {
    const auto rank = [](const LeakRow& row) {
      return std::tuple(row.leak_class, row.evidence, !row.finding, -row.growth(),
                        -static_cast<std::int64_t>(row.group.count));
    };
    return rank(a) < rank(b);
  });
}

/// Where who grew belongs among those that were only counted before.
LeakClass class_of(const LeakRow& row, const std::set<Site>& suspects,
                   std::chrono::nanoseconds older) {
  if (row.finding || (row.leak_class == LeakClass::kGrowing && !row.group.site.idle)) {
    return LeakClass::kGrowing;
  }
  if (suspects.contains(row.group.site)) {
    return LeakClass::kSuspect;
  }
  const bool is_old = row.group.oldest_ns >= 0 && row.group.oldest_ns >= older.count();
  return is_old && !row.group.site.idle ? LeakClass::kOld : LeakClass::kNone;
}

/// Where those wait that a proof suspects, and nothing else says that they are blocked.
std::set<Site> suspects_of(const std::optional<ProofSummary>& proof) {
  std::set<Site> sites;
  if (proof) {
    for (const ProofRow& row : proof->rows) {
      if (row.first.verdict == protocol::ProofVerdict::kSuspect && !row.blocked) {
        sites.insert(row.group.site);
      }
    }
  }
  return sites;
}

/// Who is not in any finding and yet waits, directly or not, for somebody who is.
void add_those_behind(const Analysis& analysis, std::vector<Evidence>& evidence) {
  const WaitGraph& graph = analysis.first.graph;
  const Look& look = analysis.first.look();
  for (waits::Node node = 0; node < look.threads().size() + look.tasks().size(); ++node) {
    const Who who = *graph.actor(node);
    if (analysis.first.fate(who) != Fate::kStuck || !analysis.unmoved(who)) {
      continue;
    }
    const auto again = analysis.again(who);
    if (!again || analysis.second->fate(*again) != Fate::kStuck) {
      continue;
    }
    Evidence& known = evidence[analysis.second->graph.node_of(*again)];
    known = known == Evidence::kNone ? Evidence::kBehind : known;
  }
}

}  // namespace

std::vector<Evidence> evidence_of(const Analysis& analysis, std::vector<LeakReason>& reasons) {
  const Look& look = analysis.second->look();
  std::vector<Evidence> evidence(look.threads().size() + look.tasks().size(), Evidence::kNone);
  const auto mark = [&](const std::vector<Who>& who, Evidence why) {
    for (const Who& each : who) {
      const auto again = analysis.again(each);
      if (again && analysis.unmoved(each)) {
        Evidence& known = evidence[analysis.second->graph.node_of(*again)];
        known = known == Evidence::kNone ? why : std::min(known, why);
      }
    }
  };
  for (auto* const rule : {find_deadlocks, find_gone_holders, find_nobody_can_run}) {
    for (const Finding& finding : rule(analysis)) {
      mark(finding.members, finding.evidence);
      mark(finding.behind, Evidence::kBehind);
      reasons.push_back({finding.rule, finding.sentence});
    }
  }
  if (!reasons.empty()) {
    add_those_behind(analysis, evidence);
  }
  return evidence;
}

std::optional<EarlierGroups> remember_groups(const Look& look, std::vector<SiteGroup> groups) {
  const bool was_cut = look.incomplete || (look.stacks.tasks && look.stacks.tasks->truncated);
  if (was_cut) {
    return std::nullopt;
  }
  return EarlierGroups{std::move(groups), look.stacks.tasks ? look.stacks.tasks->dropped : 0};
}

std::vector<LeakRow> compare_groups(const std::optional<EarlierGroups>& before,
                                    std::vector<SiteGroup> now, std::uint64_t alarm) {
  std::map<Site, std::uint64_t> counts;
  if (before) {
    for (const SiteGroup& group : before->groups) {
      counts[group.site] += group.count;
    }
  }
  const std::uint64_t unseen = before ? before->unseen : 0;
  std::vector<LeakRow> rows;
  rows.reserve(now.size());
  for (SiteGroup& group : now) {
    LeakRow row;
    if (before) {
      const auto found = counts.find(group.site);
      row.before = found == counts.end() ? 0 : found->second;
    }
    row.group = std::move(group);
    const auto grown = static_cast<std::uint64_t>(std::max<std::int64_t>(row.growth(), 0));
    // Who could not be seen may have been there.
    row.finding = grown > unseen && grown - unseen > alarm;
    if (grown > unseen) {
      row.leak_class = LeakClass::kGrowing;
    }
    rows.push_back(std::move(row));
  }
  sort_rows(rows);
  return rows;
}

LeaksReport judge_leaks(const Analysis& analysis, const LeakOptions& options,
                        const ProofAnswer* proof) {
  const Look& look = analysis.second->look();
  LeaksReport report;
  report.alarm = options.alarm;
  report.older = options.older;
  std::vector<Evidence> evidence = evidence_of(analysis, report.reasons);
  if (proof != nullptr) {
    report.proof = summarize(look, *proof, evidence);
    add_proofs(look, *proof, evidence);
  }
  std::vector<std::uint8_t> marks;
  marks.reserve(evidence.size());
  for (const Evidence each : evidence) {
    marks.push_back(static_cast<std::uint8_t>(each));
  }
  std::vector<SiteGroup> blocked = group_by_site(look, marks);
  std::vector<SiteGroup> others;
  std::map<Site, std::uint64_t> blocked_before;
  for (SiteGroup& group : blocked) {
    if (group.mark == static_cast<std::uint8_t>(Evidence::kNone)) {
      others.push_back(std::move(group));
      continue;
    }
    blocked_before[group.site] += group.count;  // They have not moved since the first look.
    LeakRow row;
    row.leak_class = LeakClass::kBlocked;
    row.evidence = static_cast<Evidence>(group.mark);
    row.before = group.count;
    row.finding = true;
    row.group = std::move(group);
    report.rows.push_back(std::move(row));
  }
  std::vector<SiteGroup> before = group_by_site(analysis.first.look());
  for (SiteGroup& group : before) {
    const auto found = blocked_before.find(group.site);
    group.count -= found == blocked_before.end() ? 0 : std::min(group.count, found->second);
  }
  const auto earlier = remember_groups(analysis.first.look(), std::move(before));
  const std::set<Site> suspects = suspects_of(report.proof);
  for (LeakRow& row : compare_groups(earlier, std::move(others), options.alarm)) {
    row.leak_class = class_of(row, suspects, options.older);
    report.rows.push_back(std::move(row));
  }
  sort_rows(report.rows);
  return report;
}

}  // namespace xgops::cli
