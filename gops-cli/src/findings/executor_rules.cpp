// SPDX-License-Identifier: MIT
// Rules about executors: starved-executor, stall, lock-across-suspension.
#include "findings/rules.hpp"
#include "support/duration.hpp"

#include <algorithm>
#include <map>
#include <optional>

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

/// Tasks that are ready to run.
struct ReadyTasks {
  std::vector<Who> first;
  std::size_t count = 0;
  std::int64_t oldest_ns = -1;

  void add(std::size_t task, std::int64_t age_ns) {
    ++count;
    oldest_ns = std::max(oldest_ns, age_ns);
    if (first.size() < kMostWorkers) {
      first.push_back({false, task});
    }
  }
};

/// All `workers` are blocked. `of_all`: there are no others in the process.
Finding starved(const std::vector<std::size_t>& workers, const ReadyTasks& ready, bool of_all) {
  Finding finding;
  finding.rule = "starved-executor";
  for (const std::size_t thread : workers) {
    finding.members.push_back({true, thread});
  }
  finding.behind = ready.first;
  finding.behind_count = ready.count;
  const std::string what = of_all ? "tasks" : "one of the executors";
  finding.sentence = (workers.size() == 1 ? "the only thread that runs " + what + " is"
                                          : "all " + std::to_string(workers.size()) +
                                                " threads that run " + what + " are") +
                     " blocked in a synchronous wait, while " + std::to_string(ready.count) +
                     (ready.count == 1 ? " task is" : " tasks are") + " ready to run" +
                     (ready.oldest_ns < 0 ? "" : ", the oldest for " + age_text(ready.oldest_ns));
  if (workers.size() > kMostWorkers) {
    finding.unlisted = workers.size() - kMostWorkers;
    finding.members.resize(kMostWorkers);
  }
  return finding;
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

/// Tasks that do not suspend.
std::vector<Finding> find_long_tasks(const Analysis& analysis) {
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
      finding.notes.push_back(spent_text(spent, analysis.between_clocks()));
      finding.notes.push_back(progress_text(analysis, before, after));
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

/// The CPU time that the thread used between the looks, if it is in the same handler in both and
/// computes.
std::optional<std::uint64_t> computes_in_one_handler(const Analysis& analysis, const Who& who) {
  const auto again = analysis.again(who);
  if (!again || analysis.second->graph.is_idle(again->index) ||
      analysis.second->graph.task_on(again->index) ||
      analysis.first.graph.handler_on(who.index) == 0 ||
      analysis.second->graph.handler_on(again->index) !=
          analysis.first.graph.handler_on(who.index)) {
    return std::nullopt;
  }
  const auto cpu_of = [](const Look& look, std::size_t thread) {
    return look.threads()[thread].facts.cpu_ns;
  };
  const std::uint64_t spent =
      cpu_of(analysis.second->look(), again->index) - cpu_of(analysis.first.look(), who.index);
  // Less: it waits for a CPU, or now and then for something else.
  const auto half = static_cast<std::uint64_t>(analysis.between_clocks().count()) / 2;
  return spent >= half ? std::optional(spent) : std::nullopt;
}

/// Handlers that are no tasks: those that block their executor's thread, and those that compute, if
/// the program tells when handlers begin.
std::vector<Finding> find_long_handlers(const Analysis& analysis) {
  const WaitGraph& graph = analysis.first.graph;
  const Look& look = graph.look();
  std::vector<Finding> findings;
  for (const std::size_t thread : graph.workers()) {
    const Who who{true, thread};
    const bool blocked = is_blocked(look.threads()[thread].facts.wait);
    if (graph.is_idle(thread) || graph.task_on(thread) ||
        analysis.first.fate(who) != waits::Fate::kFree ||
        (!blocked && graph.handler_on(thread) == 0) ||
        (analysis.second != nullptr && analysis.between() < analysis.options.stall)) {
      continue;
    }
    Finding finding;
    finding.rule = "stall";
    finding.severity = Severity::kWarning;
    finding.members = {who};
    const std::string length = elapsed_text(static_cast<std::uint64_t>(analysis.between().count()));
    if (blocked && analysis.unmoved(who)) {
      finding.sentence = "a handler has blocked its executor's " + name_of(look, who) +
                         " for at least " + length + " in a synchronous call";
    } else if (analysis.second != nullptr) {
      const auto spent = computes_in_one_handler(analysis, who);
      if (blocked || !spent) {
        continue;
      }
      finding.sentence =
          "a handler has run for at least " + length + " on its executor's " + name_of(look, who);
      finding.notes.push_back(spent_text(*spent, analysis.between_clocks()));
      finding.notes.push_back(
          progress_text(analysis, look.threads()[thread],
                        analysis.second->look().threads()[analysis.again(who)->index]));
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace

std::vector<Finding> find_starved_executors(const Analysis& analysis) {
  const WaitGraph& graph = analysis.first.graph;
  const Look& look = graph.look();
  if (graph.workers().empty() || graph.may_have_more_workers()) {
    return {};
  }
  // Executors that the same threads run are one to us.
  std::map<std::vector<std::size_t>, ReadyTasks> ready_for;
  std::map<std::uint16_t, ReadyTasks*> of_executor;
  for (std::size_t i = 0; i < look.tasks().size(); ++i) {
    const Task& task = look.tasks()[i];
    if (!is_ready(task) || !analysis.unmoved({false, i})) {
      continue;
    }
    ReadyTasks*& ready = of_executor[task.executor];
    if (ready == nullptr) {
      ready = &ready_for[graph.workers_of(task.executor)];
    }
    ready->add(i, task.state_age_ns);
  }
  std::vector<Finding> findings;
  for (const auto& [workers, ready] : ready_for) {
    const bool all_blocked = std::all_of(workers.begin(), workers.end(), [&](std::size_t thread) {
      return !graph.is_idle(thread) && is_blocked(look.threads()[thread].facts.wait) &&
             analysis.unmoved({true, thread});
    });
    if (!workers.empty() && all_blocked) {
      findings.push_back(starved(workers, ready, workers.size() == graph.workers().size()));
    }
  }
  return findings;
}

std::vector<Finding> find_stalls(const Analysis& analysis) {
  std::vector<Finding> findings = find_long_tasks(analysis);
  for (Finding& finding : find_long_handlers(analysis)) {
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
