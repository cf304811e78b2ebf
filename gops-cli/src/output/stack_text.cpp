// SPDX-License-Identifier: MIT
// Stacks as text, in the manner of a Go traceback.
#include "output/dump_text.hpp"
#include "output/escape.hpp"
#include "output/frame_text.hpp"
#include "output/style.hpp"
#include "output/task_block.hpp"
#include "output/text.hpp"
#include "output/wait_text.hpp"
#include "support/duration.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

namespace xgops::cli {
namespace {

using protocol::StackStatus;

/// Threads that a reader need not tell apart.
using Group = std::vector<const ReportThread*>;

/// Above this many, ids are written as ranges.
constexpr std::size_t kListedIds = 8;
constexpr std::size_t kListedRanges = 16;
constexpr std::size_t kListedNames = 3;

/// The tasks that threads run, by TID.
using RunTasks = std::map<pid_t, std::uint64_t>;

RunTasks run_tasks(const StackReport& report) {
  RunTasks found;
  if (report.tasks) {
    for (const protocol::Task& task : report.tasks->tasks) {
      found.emplace(task.tid, task.id);
    }
    for (const protocol::TaskGroup& group : report.tasks->groups) {
      found.emplace(group.longest.tid, group.longest.id);
    }
  }
  found.erase(0);
  return found;
}

/// What happened to a thread of a process that crashed; null: nothing.
const DumpSignal* crash_of(const StackReport& report, const ReportThread& thread) {
  return report.dump ? report.dump->crash_of(thread.facts.tid) : nullptr;
}

std::vector<Group> group_threads(const StackReport& report, const std::vector<std::string>& frames,
                                 const RunTasks& tasks, bool group) {
  std::vector<Group> groups;
  // What is shown of the stack (not the addresses), why it waits, for whom, and how it was read.
  using Key = std::tuple<std::string_view, int, int, int, pid_t, bool, std::string_view>;
  std::map<Key, std::size_t> index;
  for (const ReportThread& thread : report.threads) {
    const protocol::Wait& wait = thread.facts.wait;
    const Key key{thread.stack ? std::string_view(frames[*thread.stack]) : std::string_view(),
                  static_cast<int>(thread.status),
                  static_cast<int>(wait.reason),
                  static_cast<int>(wait.owner_state),
                  wait.owner_tid,
                  thread.facts.is_agent,
                  thread.reason};
    if (!group || tasks.contains(thread.facts.tid) || crash_of(report, thread) != nullptr) {
      groups.push_back({&thread});
      continue;
    }
    const auto [entry, is_new] = index.try_emplace(key, groups.size());
    if (is_new) {
      groups.emplace_back();
    }
    groups[entry->second].push_back(&thread);
  }
  // Threads came in order of TID, so groups already are; the agent's own thread interests least.
  std::stable_partition(groups.begin(), groups.end(),
                        [](const Group& g) { return !g.front()->facts.is_agent; });
  // Who crashed interests most; who crashed first comes first.
  std::stable_partition(groups.begin(), groups.end(),
                        [&](const Group& g) { return crash_of(report, *g.front()) != nullptr; });
  std::stable_partition(groups.begin(), groups.end(), [&](const Group& g) {
    return report.dump && report.dump->signal.tid == g.front()->facts.tid;
  });
  return groups;
}

/// "11, 12, 13", or with many "11-40, 57, 60-99".
std::string ids_text(const Group& group) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (group.size() <= kListedIds) {
    for (const ReportThread* thread : group) {
      add(std::to_string(thread->facts.tid));
    }
    return text;
  }
  std::size_t ranges = 0;
  for (std::size_t begin = 0; begin < group.size();) {
    std::size_t end = begin + 1;
    while (end < group.size() && group[end]->facts.tid == group[end - 1]->facts.tid + 1) {
      ++end;
    }
    if (++ranges > kListedRanges) {
      add(std::to_string(group.size() - begin) + " more");
      break;
    }
    const std::string first = std::to_string(group[begin]->facts.tid);
    add(end - begin == 1 ? first : first + "-" + std::to_string(group[end - 1]->facts.tid));
    begin = end;
  }
  return text;
}

std::string names_text(const Group& group) {
  std::vector<std::string> names;
  for (const ReportThread* thread : group) {
    std::string name = escape(thread->facts.name);
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(std::move(name));
    }
  }
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kListedNames); ++i) {
    text += (i == 0 ? " \"" : ", \"") + names[i] + "\"";
  }
  if (names.size() > kListedNames) {
    text += ", ...";
  }
  return text;
}

/// The wait of a whole group: what differs within it is left out.
protocol::Wait common_wait(const Group& group) {
  protocol::Wait common = group.front()->facts.wait;
  for (const ReportThread* thread : group) {
    const protocol::Wait& wait = thread->facts.wait;
    if (wait.fd != common.fd || wait.detail != common.detail) {
      common.fd = -1;
      common.detail.clear();
    }
    if (wait.timeout_ns != common.timeout_ns) {
      common.timeout_ns = -1;
    }
    common.timed = common.timed && wait.timed;
    common.readers = wait.readers == common.readers ? common.readers : 0;
    common.inferred = common.inferred || wait.inferred;
  }
  return common;
}

std::string age_of(const Group& group) {
  std::int64_t shortest = group.front()->facts.state_age_ns;
  std::int64_t longest = shortest;
  for (const ReportThread* thread : group) {
    shortest = std::min(shortest, thread->facts.state_age_ns);
    longest = std::max(longest, thread->facts.state_age_ns);
  }
  if (longest < 0) {
    return {};
  }
  std::string low = shortest < 0 ? std::string() : age_text(shortest);
  std::string high = age_text(longest);
  return low.empty() || low == high ? high : low + " to " + high;
}

std::string header_text(const Group& group, const ThreadNames& names, const RunTasks& tasks,
                        const DumpSignal* crash, const Style& style) {
  const ReportThread& first = *group.front();
  const std::string who =
      (group.size() == 1 ? "thread " : std::to_string(group.size()) + " threads ") +
      ids_text(group) + names_text(group);
  const protocol::Wait wait = common_wait(group);
  std::string why = first.facts.is_agent ? "xgops agent, " : "";
  why += wait_summary(wait, first.facts.state);
  for (const std::string& part : {owner_summary(wait, names), age_of(group)}) {
    why += part.empty() ? "" : ", " + part;
  }
  std::string text = style.heading(who) + " [" +
                     (crash != nullptr ? style.blocked("crashed: " + signal_name(crash->signal))
                                       : paint_wait(style, wait.reason, why)) +
                     "]";
  if (const auto task = tasks.find(first.facts.tid); task != tasks.end()) {
    text += ", runs task " + std::to_string(task->second);
  }
  return text;
}

/// What is to be known about how the stack was read; empty when it is exact.
std::string status_text(const ReportThread& thread) {
  const std::string reason = thread.reason.empty() ? std::string() : ": " + escape(thread.reason);
  switch (thread.status) {
    case StackStatus::kExact:
      return {};
    case StackStatus::kPartial:
      return "(partial" + reason + ")";
    case StackStatus::kUnavailable:
      return "(no stack" + reason + ")";
  }
  return {};
}

std::string threads_part(const StackReport& report, const Presentation& presentation,
                         const Style& style) {
  const FrameText frame_text(report.table, style, !report.dump);
  std::vector<std::string> frames;
  frames.reserve(report.table.stacks.size());
  for (const ReportStack& stack : report.table.stacks) {
    frames.push_back(frame_text.lines_of(stack));
  }
  ThreadNames names;
  for (const ReportThread& thread : report.threads) {
    names[thread.facts.tid] = thread.facts.name;
  }
  const RunTasks tasks = run_tasks(report);
  std::string out;
  for (const Group& group : group_threads(report, frames, tasks, presentation.group)) {
    const ReportThread& first = *group.front();
    std::string lines = first.stack ? frames[*first.stack] : std::string();
    if (const std::string status = status_text(first); !status.empty()) {
      lines += "  " + style.warning(status) + "\n";
    }
    // The agent has no stack of interest while it answers.
    out += header_text(group, names, tasks, crash_of(report, first), style) +
           (lines.empty() ? "\n" : ":\n") + lines + "\n";
  }
  return out;
}

std::string tasks_part(const TaskTable& table, const Style& style) {
  const TaskBlocks blocks(table, style);
  std::string out;
  for (const protocol::TaskGroup& group : table.groups) {
    out += blocks.lines_of(group);
  }
  for (const protocol::Task& task : table.tasks) {
    out += blocks.lines_of(group_of_one(task));
  }
  return out;
}

}  // namespace

std::string stack_text(const StackReport& report, const Presentation& presentation) {
  const Style style(presentation.color);
  std::string out = report.dump ? dump_head(report) : std::string();
  out += report.with_threads ? threads_part(report, presentation, style) : std::string();
  if (report.tasks) {
    out += tasks_part(*report.tasks, style);
  }
  return out + cost_line(report) + "\n";
}

}  // namespace xgops::cli
