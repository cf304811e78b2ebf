// SPDX-License-Identifier: MIT
// Rules for which age and numbers decide: never-resumed, convoy, io.
#include "findings/rules.hpp"
#include "support/duration.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <unordered_map>

namespace xgops::cli {
namespace {

using protocol::Task;
using protocol::TaskWaitReason;
using std::chrono::nanoseconds;

constexpr std::size_t kMostMembers = 8;
constexpr std::size_t kConvoy = 5;

/// `--older`, or what stands for it.
nanoseconds older_than(const Analysis& analysis, std::chrono::seconds otherwise) {
  return analysis.options.older.count() > 0 ? nanoseconds(analysis.options.older)
                                            : nanoseconds(otherwise);
}

/// One finding for all of `who`, the oldest first; none without them.
std::vector<Finding> together(const Analysis& analysis, const char* rule, std::vector<Who> who,
                              const char* one, const char* many) {
  if (who.empty()) {
    return {};
  }
  const Look& look = analysis.first.look();
  std::stable_sort(who.begin(), who.end(),
                   [&](const Who& a, const Who& b) { return age_of(look, a) > age_of(look, b); });
  Finding finding;
  finding.rule = rule;
  finding.severity = Severity::kWarning;
  finding.sentence = (who.size() == 1 ? name_of(look, who.front()) + one : count_of(who) + many) +
                     ", the longest for " + age_text(age_of(look, who.front()));
  finding.unlisted = who.size() - std::min(who.size(), kMostMembers);
  who.resize(std::min(who.size(), kMostMembers));
  finding.members = std::move(who);
  return {std::move(finding)};
}

bool reads_from_peer(const Task& task) {
  return task.reason == TaskWaitReason::kSocketReceive ||
         task.reason == TaskWaitReason::kSocketReadable;
}

}  // namespace

std::vector<Finding> find_never_resumed(const Analysis& analysis) {
  const Look& look = analysis.first.look();
  const nanoseconds limit = older_than(analysis, std::chrono::seconds(10));
  std::vector<Who> found;
  for (std::size_t i = 0; i < look.tasks().size(); ++i) {
    const Task& task = look.tasks()[i];
    if (task.state == protocol::TaskState::kCreated && nanoseconds(task.state_age_ns) >= limit &&
        analysis.unmoved({false, i})) {
      found.push_back({false, i});
    }
  }
  return together(analysis, "never-resumed", std::move(found), " was created and never ran",
                  " were created and never ran");
}

std::vector<Finding> find_convoys(const Analysis& analysis) {
  const WaitGraph& graph = analysis.first.graph;
  std::vector<Finding> findings;
  for (waits::Node node = 0; node < graph.graph().size(); ++node) {
    const Resource* const what = graph.resource(node);
    const auto waiters = analysis.first.verdict.waiters_of(node);
    if (what == nullptr || !is_lock(what->kind) || waiters.size() < kConvoy ||
        analysis.first.verdict.fate(node) != waits::Fate::kFree) {
      continue;
    }
    if (analysis.second != nullptr) {
      // Many again, and some got it meanwhile: the lock changes hands all the time.
      std::size_t again = 0;
      std::size_t moved = 0;
      const WaitGraph& later = analysis.second->graph;
      for (waits::Node other = 0; other < later.graph().size(); ++other) {
        const Resource* const same = later.resource(other);
        if (same != nullptr && same->kind == what->kind && same->address == what->address) {
          again = std::max(again, analysis.second->verdict.waiters_of(other).size());
        }
      }
      for (const waits::Node waiter : waiters) {
        const auto who = graph.actor(waiter);
        moved += who && !analysis.unmoved(*who) ? 1U : 0U;
      }
      if (again < kConvoy || moved == 0) {
        continue;
      }
    }
    Finding finding;
    finding.rule = "convoy";
    finding.severity = Severity::kWarning;
    std::vector<Who> who;
    for (const waits::Node waiter : waiters) {
      if (const auto actor = graph.actor(waiter)) {
        who.push_back(*actor);
      }
    }
    finding.sentence = count_of(who) + " queue for the " + name_of(*what) + ", which changes hands";
    finding.unlisted = who.size() - std::min(who.size(), kMostMembers);
    who.resize(std::min(who.size(), kMostMembers));
    finding.members = std::move(who);
    findings.push_back(std::move(finding));
  }
  return findings;
}

std::vector<Finding> find_old_reads(const Analysis& analysis) {
  const Look& look = analysis.first.look();
  const nanoseconds limit = older_than(analysis, std::chrono::minutes(1));
  // `co_await (read || timer)` has a timeout, though each of the two looks as if it had none.
  std::unordered_map<std::uint64_t, bool> has_timer;
  for (const Task& task : look.tasks()) {
    if (task.reason == TaskWaitReason::kTimer && task.parent != 0) {
      has_timer[task.parent] = true;
    }
  }
  std::vector<Who> found;
  for (std::size_t i = 0; i < look.threads().size(); ++i) {
    const protocol::ThreadFacts& facts = look.threads()[i].facts;
    if (facts.wait.reason == protocol::WaitReason::kSocketRead && !facts.wait.timed &&
        nanoseconds(facts.state_age_ns) >= limit && analysis.unmoved({true, i})) {
      found.push_back({true, i});
    }
  }
  for (std::size_t i = 0; i < look.tasks().size(); ++i) {
    const Task& task = look.tasks()[i];
    if (reads_from_peer(task) && nanoseconds(task.state_age_ns) >= limit &&
        !has_timer.contains(task.parent) && analysis.unmoved({false, i})) {
      found.push_back({false, i});
    }
  }
  return together(analysis, "io", std::move(found), " reads from a peer without a timeout",
                  " read from peers without a timeout");
}

}  // namespace xgops::cli
