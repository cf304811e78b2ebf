// SPDX-License-Identifier: MIT
// executor-asleep: nothing of an executor's own can wake any of its tasks.
#include "findings/rules.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

namespace xgops::cli {
namespace {

using protocol::Task;
using protocol::TaskState;
using protocol::TaskWaitReason;

constexpr std::size_t kMostAsleep = 8;

/// Whether somebody has to end the wait: no timer, peer or system does.
bool needs_somebody(const Task& task) {
  switch (task.reason) {
    case TaskWaitReason::kChannelSend:
    case TaskWaitReason::kChannelReceive:
    case TaskWaitReason::kJoin:
    case TaskWaitReason::kAllOf:
    case TaskWaitReason::kFirstOf:
    case TaskWaitReason::kMutexLock:
    case TaskWaitReason::kRwlockRead:
    case TaskWaitReason::kRwlockWrite:
    case TaskWaitReason::kConditionWait:
    case TaskWaitReason::kSemaphore:
    case TaskWaitReason::kWaitGroup:
    case TaskWaitReason::kBarrier:
    case TaskWaitReason::kCallOnce:
    case TaskWaitReason::kFuture:
    case TaskWaitReason::kSelect:
    case TaskWaitReason::kCustom:
      return task.state == TaskState::kWaiting;
    default:
      return false;
  }
}

/// The tasks of one executor, by their places in the look.
using Tasks = std::vector<std::size_t>;

bool nothing_can_wake(const Analysis& analysis, std::uint16_t executor, const Tasks& tasks) {
  const Judged& judged = analysis.first;
  const Look& look = judged.look();
  const std::vector<std::size_t> workers = judged.graph.workers_of(executor);
  // Their loops watch nothing that may become ready by itself.
  const bool loops_sleep = std::all_of(workers.begin(), workers.end(), [&](std::size_t thread) {
    const protocol::Wait& wait = look.threads()[thread].facts.wait;
    return judged.graph.is_idle(thread) && analysis.unmoved({true, thread}) &&
           (wait.reason != protocol::WaitReason::kEpoll ||
            judged.graph.waited_for({true, thread}).has_value());
  });
  if (workers.empty() || !loops_sleep) {
    return false;
  }
  return std::all_of(tasks.begin(), tasks.end(), [&](std::size_t index) {
    const Task& task = look.tasks()[index];
    const Who who{false, index};
    if (!needs_somebody(task) || !analysis.unmoved(who)) {
      return false;
    }
    const auto resource = judged.graph.waited_for(who);
    if (!resource) {
      return true;
    }
    // A holder somewhere else that goes on will let go.
    const auto holders = judged.verdict.waits_for(*resource);
    return std::none_of(holders.begin(), holders.end(), [&](waits::Node node) {
      const auto holder = judged.graph.actor(node);
      const bool is_mate =
          holder && !holder->is_thread && look.tasks()[holder->index].executor == executor;
      return holder && !is_mate && judged.fate(*holder) == waits::Fate::kFree;
    });
  });
}

}  // namespace

std::vector<Finding> find_asleep_executors(const Analysis& analysis) {
  const Judged& judged = analysis.first;
  const Look& look = judged.look();
  std::map<std::uint16_t, Tasks> by_executor;
  for (std::size_t i = 0; i < look.tasks().size(); ++i) {
    by_executor[look.tasks()[i].executor].push_back(i);
  }
  if (by_executor.contains(0)) {
    return {};  // Those may belong to any executor.
  }
  std::vector<Finding> findings;
  for (const auto& [executor, tasks] : by_executor) {
    const bool others_tell = std::none_of(tasks.begin(), tasks.end(), [&](std::size_t index) {
      return judged.fate({false, index}) == waits::Fate::kFree;
    });
    if (others_tell || !nothing_can_wake(analysis, executor, tasks)) {
      continue;
    }
    Finding finding;
    finding.rule = "executor-asleep";
    finding.severity = Severity::kWarning;
    for (std::size_t i = 0; i < std::min(tasks.size(), kMostAsleep); ++i) {
      finding.members.push_back({false, tasks[i]});
    }
    finding.unlisted = tasks.size() - finding.members.size();
    finding.sentence =
        (tasks.size() == 1 ? "the only task of an executor waits"
                           : "all " + std::to_string(tasks.size()) + " tasks of an executor wait") +
        " for somebody, and it has neither a timer nor I/O that could wake one";
    finding.notes.emplace_back("only a thread or task outside of the executor could");
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace xgops::cli
