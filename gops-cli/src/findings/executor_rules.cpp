// SPDX-License-Identifier: MIT
// Rules about executors: starved-executor, stall, lock-across-suspension.
#include "findings/rules.hpp"
#include "support/duration.hpp"

#include <algorithm>

namespace xgops::cli {
namespace {

using protocol::Task;
using protocol::TaskState;
using protocol::WaitReason;

constexpr std::size_t kMostWorkers = 16;

bool is_ready(const Task& task) {
  return task.state == TaskState::kReady || task.reason == protocol::TaskWaitReason::kPost;
}

bool is_blocked(const protocol::Wait& wait) {
  switch (wait.reason) {
    case WaitReason::kUnknown:
    case WaitReason::kRunning:
    case WaitReason::kRunnable:
    case WaitReason::kStopped:
    case WaitReason::kTraced:
    case WaitReason::kExited:
      return false;
    default:
      return true;
  }
}

/// The stacks of a thread in both looks and between them; the sentence about what it does.
std::string progress_text(const Analysis& analysis, const ReportThread& before,
                          const ReportThread& after) {
  std::vector<SampledStack> stacks;
  const auto add = [&stacks](const Look& look, const ReportThread& thread) {
    if (thread.stack) {
      const StackTable& table = look.stacks.table;
      stacks.push_back(sampled(table, table.stacks[*thread.stack]));
    }
  };
  add(analysis.first.look(), before);
  if (analysis.samples != nullptr) {
    if (const auto found = analysis.samples->find(before.facts.tid);
        found != analysis.samples->end()) {
      stacks.insert(stacks.end(), found->second.begin(), found->second.end());
    }
  }
  add(analysis.second->look(), after);
  const SampleSummary summary = summarize(stacks);
  if (summary.samples < 2) {
    return "its stack could not be read";
  }
  std::string text = std::to_string(summary.samples) + " looks at its stack: ";
  text += summary.distinct == 1 ? "always the same: a busy loop, or one long computation"
                                : std::to_string(summary.distinct) +
                                      " different ones: it makes progress, or goes round";
  return summary.within.empty() ? text : text + "; always in " + summary.within;
}

std::string spent_text(std::uint64_t cpu_ns, std::chrono::nanoseconds of) {
  return "the thread used " + elapsed_text(cpu_ns) + " of CPU time in " +
         elapsed_text(static_cast<std::uint64_t>(of.count()));
}

}  // namespace

std::vector<Finding> find_starved_executors(const Analysis& analysis) {
  const WaitGraph& graph = analysis.first.graph;
  const Look& look = graph.look();
  if (graph.workers().empty() || graph.may_have_more_workers()) {
    return {};
  }
  Finding finding;
  finding.rule = "starved-executor";
  for (const std::size_t thread : graph.workers()) {
    const Who who{true, thread};
    if (graph.is_idle(thread) || !is_blocked(look.threads()[thread].facts.wait) ||
        !analysis.unmoved(who)) {
      return {};
    }
    finding.members.push_back(who);
  }
  std::size_t ready = 0;
  std::int64_t oldest = -1;
  for (std::size_t i = 0; i < look.tasks().size(); ++i) {
    if (is_ready(look.tasks()[i]) && analysis.unmoved({false, i})) {
      ++ready;
      oldest = std::max(oldest, look.tasks()[i].state_age_ns);
      if (finding.behind.size() < kMostWorkers) {
        finding.behind.push_back({false, i});
      }
    }
  }
  if (ready == 0) {
    return {};
  }
  finding.behind_count = ready;
  const std::size_t workers = finding.members.size();
  finding.sentence =
      (workers == 1 ? "the only thread that runs tasks is"
                    : "all " + std::to_string(workers) + " threads that run tasks are") +
      " blocked in a synchronous wait, while " + std::to_string(ready) +
      (ready == 1 ? " task is" : " tasks are") + " ready to run" +
      (oldest < 0 ? "" : ", the oldest for " + age_text(oldest));
  if (workers > kMostWorkers) {
    finding.unlisted = workers - kMostWorkers;
    finding.members.resize(kMostWorkers);
  }
  return {std::move(finding)};
}

std::vector<Finding> find_stalls(const Analysis& analysis) {
  const Look& look = analysis.first.look();
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < look.tasks().size(); ++i) {
    const Task& task = look.tasks()[i];
    const auto thread = analysis.first.graph.thread_with(static_cast<std::uint64_t>(task.tid));
    if (task.state != TaskState::kRunning || !thread || !analysis.unmoved({false, i}) ||
        analysis.first.fate({false, i}) != waits::Fate::kFree) {  // Others have more to say of it.
      continue;
    }
    Finding finding;
    finding.rule = "stall";
    finding.severity = Severity::kWarning;
    finding.members = {{false, i}, {true, *thread}};
    if (analysis.second == nullptr) {
      findings.push_back(std::move(finding));
      continue;
    }
    const auto again = analysis.again({true, *thread});
    if (!again || analysis.between() < analysis.options.stall) {
      continue;
    }
    const ReportThread& before = look.threads()[*thread];
    const ReportThread& after = analysis.second->look().threads()[again->index];
    const std::uint64_t spent = after.facts.cpu_ns - before.facts.cpu_ns;
    finding.sentence = name_of(look, {false, i}) + " has run for at least " +
                       elapsed_text(static_cast<std::uint64_t>(analysis.between().count())) +
                       " without suspending, on " + name_of(look, {true, *thread});
    if (analysis.unmoved({true, *thread}) && is_blocked(before.facts.wait)) {
      finding.notes.push_back("the thread is blocked: the task makes a synchronous call");
    } else {
      finding.notes.push_back(spent_text(spent, analysis.between()));
      finding.notes.push_back(progress_text(analysis, before, after));
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

std::vector<Finding> find_locks_across_suspensions(const Analysis& analysis) {
  const WaitGraph& graph = analysis.first.graph;
  const Look& look = graph.look();
  std::vector<Finding> findings;
  for (waits::Node node = 0; node < graph.graph().size(); ++node) {
    const Resource* const what = graph.resource(node);
    if (what == nullptr || !is_lock(what->kind)) {
      continue;
    }
    const auto waiters = analysis.first.verdict.waiters_of(node);
    for (const waits::Node holder : analysis.first.verdict.waits_for(node)) {
      const auto who = graph.actor(holder);
      if (!who || waiters.empty()) {
        continue;
      }
      const auto its = graph.waited_for(*who);
      const Resource* const wanted = its ? graph.resource(*its) : nullptr;
      const bool wants_a_lock = wanted != nullptr && is_lock(wanted->kind);
      const bool suspended = who->is_thread ? graph.is_idle(who->index)
                                            : look.tasks()[who->index].state == TaskState::kWaiting;
      const auto first_waiter = graph.actor(waiters.front());
      if (!suspended || wants_a_lock || !first_waiter || !analysis.unmoved(*who) ||
          !analysis.unmoved(*first_waiter)) {
        continue;
      }
      Finding finding;
      finding.rule = "lock-across-suspension";
      finding.severity = Severity::kWarning;
      finding.members = {*first_waiter, *who};
      finding.behind_count = waiters.size() - 1;
      finding.sentence =
          name_of(look, *who) + " holds the " + name_of(*what) +
          (who->is_thread ? ", though it is back in its executor's loop: what took the lock has "
                            "suspended or returned without giving it back"
                          : " while it waits for something else");
      findings.push_back(std::move(finding));
    }
  }
  return findings;
}

}  // namespace xgops::cli
