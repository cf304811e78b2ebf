// SPDX-License-Identifier: MIT
// Rules for which who waits for whom decides: deadlock, holder-gone, nobody-can-run.
#include "findings/rules.hpp"

#include <algorithm>
#include <deque>
#include <set>

namespace xgops::cli {
namespace {

using waits::Fate;
using waits::Needs;
using waits::Node;

constexpr std::size_t kMostListed = 32;
constexpr std::size_t kMostBehind = 16;
constexpr std::size_t kMostNamed = 4;

/// The actors among `nodes`.
std::vector<Who> actors_of(const Judged& judged, std::span<const Node> nodes) {
  std::vector<Who> actors;
  for (const Node node : nodes) {
    if (const auto who = judged.graph.actor(node)) {
      actors.push_back(*who);
    }
  }
  return actors;
}

/// Who is stuck because `roots` are, without these.
std::vector<Who> stuck_behind(const Judged& judged, std::span<const Node> roots) {
  std::set<Node> seen(roots.begin(), roots.end());
  std::deque<Node> open(roots.begin(), roots.end());
  std::vector<Who> behind;
  while (!open.empty()) {
    const Node node = open.front();
    open.pop_front();
    for (const Node waiter : judged.verdict.waiters_of(node)) {
      if (judged.verdict.fate(waiter) != Fate::kFree && seen.insert(waiter).second) {
        open.push_back(waiter);
        if (const auto who = judged.graph.actor(waiter)) {
          behind.push_back(*who);
        }
      }
    }
  }
  return behind;
}

bool all_unmoved(const Analysis& analysis, const std::vector<Who>& who) {
  return std::all_of(who.begin(), who.end(),
                     [&](const Who& each) { return analysis.unmoved(each); });
}

/// Whether the second look says of all of them, too, that they will never go on.
bool confirmed(const Analysis& analysis, const std::vector<Who>& who, Fate fate) {
  return all_unmoved(analysis, who) &&
         (analysis.second == nullptr || std::all_of(who.begin(), who.end(), [&](const Who& each) {
            const auto again = analysis.again(each);
            return again && analysis.second->fate(*again) == fate;
          }));
}

void add_behind(Finding& finding, std::vector<Who> behind) {
  finding.behind_count = behind.size();
  finding.behind = std::move(behind);
}

/// `thread 12 "io" waits for a mutex that it holds itself`
std::string self_wait_sentence(const Judged& judged, const Who& who) {
  const auto node = judged.graph.waited_for(who);
  const Resource* const what = node ? judged.graph.resource(*node) : nullptr;
  const std::string name = name_of(judged.look(), who);
  if (what == nullptr || what->kind == ResourceKind::kJoin) {
    return name + " waits for its own end";
  }
  return name + " waits for the " + name_of(*what) +
         (is_lock(what->kind) ? " that it holds itself" : " that only it could end");
}

/// Who alone can end the wait of `who`, where that is not simply the holder; empty: it is.
std::string who_could_end(const Judged& judged, const Who& who) {
  const auto node = judged.graph.waited_for(who);
  const Resource* const what = node ? judged.graph.resource(*node) : nullptr;
  if (what == nullptr || judged.graph.graph().needs(*node) != Needs::kAny || what->address == 0) {
    return {};
  }
  const std::vector<Who> others = actors_of(judged, judged.verdict.waits_for(*node));
  std::string text =
      name_of(judged.look(), who) + " waits for the " + name_of(*what) + ", which only ";
  for (std::size_t i = 0; i < std::min(others.size(), kMostNamed); ++i) {
    text += (i == 0 ? "" : ", ") + name_of(judged.look(), others[i]);
  }
  if (others.size() > kMostNamed) {
    text += " and " + std::to_string(others.size() - kMostNamed) + " more";
  }
  return text + " can end";
}

std::string gone_sentence(const Judged& judged, const Resource& what, const std::vector<Who>& who) {
  const std::string waiters =
      who.size() == 1 ? name_of(judged.look(), who.front()) + " waits" : count_of(who) + " wait";
  if (what.gone.empty()) {
    switch (what.kind) {
      case ResourceKind::kWaitGroup:
        return waiters + " for the " + name_of(what) + ", which has no members left to finish it";
      case ResourceKind::kChannel:
      case ResourceKind::kSelect:
        return waiters + " for the " + name_of(what) + ", whose other end nobody holds";
      default:
        return waiters + " for the " + name_of(what) + ", which nobody can end";
    }
  }
  const Resource::Gone& gone = what.gone.front();
  const std::string holder = (gone.is_thread ? "thread " : "task ") + std::to_string(gone.id);
  if (is_lock(what.kind)) {
    return waiters + " for the " + name_of(what) + ", which " + holder +
           " held when it ended: nobody will give it back";
  }
  return waiters + " for the " + name_of(what) + ", which only " + holder +
         " could have ended, and that has ended itself";
}

}  // namespace

void limit_evidence(Finding& finding) {
  if (finding.members.size() > kMostListed) {
    finding.unlisted += finding.members.size() - kMostListed;
    finding.members.resize(kMostListed);
  }
  finding.behind.resize(std::min(finding.behind.size(), kMostBehind));
}

std::vector<Finding> find_deadlocks(const Analysis& analysis) {
  const Judged& judged = analysis.first;
  std::vector<Finding> findings;
  for (const waits::Knot& knot : judged.verdict.knots()) {
    Finding finding;
    finding.rule = "deadlock";
    finding.evidence = Evidence::kCycle;
    finding.members = actors_of(judged, knot.cycle);
    if (finding.members.empty() || !confirmed(analysis, finding.members, Fate::kStuck)) {
      continue;
    }
    if (finding.members.size() == 1) {
      finding.sentence = self_wait_sentence(judged, finding.members.front());
    } else {
      finding.sentence = count_of(finding.members) + " wait for each other in a circle";
    }
    const std::size_t in_knot = actors_of(judged, knot.members).size();
    if (in_knot > finding.members.size()) {
      finding.notes.push_back(std::to_string(in_knot - finding.members.size()) +
                              " more are part of the same knot; this is one way around it");
    }
    for (const Who& who : finding.members) {
      if (std::string note = who_could_end(judged, who);
          !note.empty() && finding.members.size() > 1) {
        finding.notes.push_back(std::move(note));
      }
    }
    add_behind(finding, stuck_behind(judged, knot.members));
    findings.push_back(std::move(finding));
  }
  return findings;
}

std::vector<Finding> find_gone_holders(const Analysis& analysis) {
  const Judged& judged = analysis.first;
  std::vector<Finding> findings;
  for (Node node = 0; node < judged.graph.graph().size(); ++node) {
    const Resource* const what = judged.graph.resource(node);
    const Needs needs = judged.graph.graph().needs(node);
    const bool nobody_left =
        needs == Needs::kNever || (needs == Needs::kAny && judged.verdict.waits_for(node).empty());
    if (what == nullptr || !nobody_left) {
      continue;
    }
    Finding finding;
    finding.rule = "holder-gone";
    finding.evidence = what->gone.empty() ? Evidence::kNobody : Evidence::kHolderGone;
    for (const Who& who : actors_of(judged, judged.verdict.waiters_of(node))) {
      if (confirmed(analysis, {who}, Fate::kStuck)) {
        finding.members.push_back(who);
      }
    }
    if (finding.members.empty()) {
      continue;
    }
    finding.sentence = gone_sentence(judged, *what, finding.members);
    std::vector<Node> roots{node};
    for (const Who& who : finding.members) {
      roots.push_back(judged.graph.node_of(who));
    }
    add_behind(finding, stuck_behind(judged, roots));
    findings.push_back(std::move(finding));
  }
  return findings;
}

std::vector<Finding> find_nobody_can_run(const Analysis& analysis) {
  const Judged& judged = analysis.first;
  const Look& look = judged.look();
  if (!judged.verdict.nobody_can_go_on() ||
      (analysis.second != nullptr && !analysis.second->verdict.nobody_can_go_on())) {
    return {};
  }
  Finding finding;
  finding.rule = "nobody-can-run";
  finding.evidence = Evidence::kNobodyCanRun;
  std::vector<Node> roots;
  bool anybody_stuck = false;
  for (Node node = 0; node < look.threads().size() + look.tasks().size(); ++node) {
    const Who who = *judged.graph.actor(node);
    anybody_stuck = anybody_stuck || judged.verdict.fate(node) == Fate::kStuck;
    if (judged.verdict.fate(node) != Fate::kAsleep) {
      continue;
    }
    const auto what = judged.graph.waited_for(who);
    const bool is_root = what && judged.graph.graph().needs(*what) == Needs::kAnybody;
    // Threads that have nothing to do are no mistake, nor is waiting for their end.
    if (is_root && !(who.is_thread && judged.graph.is_idle(who.index))) {
      finding.members.push_back(who);
      roots.push_back(node);
      roots.push_back(*what);
    }
  }
  // Where some are stuck in a knot of their own, that is the finding.
  if (anybody_stuck || finding.members.empty() || !all_unmoved(analysis, finding.members)) {
    return {};
  }
  std::vector<Who> behind = stuck_behind(judged, roots);
  std::vector<Who> everybody = finding.members;
  everybody.insert(everybody.end(), behind.begin(), behind.end());
  finding.sentence =
      everybody.size() == 1
          ? name_of(look, everybody.front()) + " waits, and nobody is left to wake it"
          : count_of(everybody) + " wait, and nobody is left to wake them";
  finding.notes.push_back("no thread runs, and no timer, I/O or other process can wake one");
  // Who waits for a lock of a sleeper belongs to the evidence; those who wait for ends do not.
  for (auto who = behind.begin(); who != behind.end();) {
    const auto what = judged.graph.waited_for(*who);
    const Resource* const resource = what ? judged.graph.resource(*what) : nullptr;
    if (resource != nullptr && is_lock(resource->kind)) {
      finding.members.push_back(*who);
      who = behind.erase(who);
    } else {
      ++who;
    }
  }
  add_behind(finding, std::move(behind));
  return {std::move(finding)};
}

}  // namespace xgops::cli
