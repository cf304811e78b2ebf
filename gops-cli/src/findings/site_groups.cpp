// SPDX-License-Identifier: MIT
#include "findings/site_groups.hpp"

#include "findings/resource.hpp"
#include "output/escape.hpp"
#include "output/finding_words.hpp"
#include "output/frame_text.hpp"
#include "output/task_text.hpp"
#include "output/wait_text.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace xgops::cli {
namespace {

using protocol::Task;
using protocol::TaskState;
using protocol::TaskWaitReason;
using protocol::WaitReason;

constexpr std::size_t kMostIds = 8;

void add_member(SiteGroup& group, std::uint64_t id, std::int64_t age_ns) {
  ++group.count;
  if (group.ids.size() < kMostIds) {
    group.ids.push_back(id);
  }
  if (age_ns >= 0) {
    group.oldest_ns = std::max(group.oldest_ns, age_ns);
    group.youngest_ns = group.youngest_ns < 0 ? age_ns : std::min(group.youngest_ns, age_ns);
  }
}

/// Whether what a task waits for has words of its own in the task's detail.
bool is_named_by_detail(const Task& task) {
  return task.state == TaskState::kWaiting &&
         (task.reason == TaskWaitReason::kUnknown || task.reason == TaskWaitReason::kOperation ||
          task.reason == TaskWaitReason::kCustom);
}

class TaskSites {
 public:
  explicit TaskSites(const TaskTable& table)
      : table_(table), places_(table.chains.size() + 1, kNotLooked) {}

  void add(const Task& task, std::uint8_t mark) {
    const Key key{task.created_at,
                  place_of(task.chain),
                  task.state,
                  task.state == TaskState::kWaiting ? task.reason : TaskWaitReason::kNone,
                  is_named_by_detail(task) ? task.detail : 0,
                  waits_idly(task),
                  mark};
    auto found = groups_.find(key);
    if (found == groups_.end()) {
      found = groups_.emplace(key, group_of(task, mark)).first;
    }
    add_member(found->second, task.id, task.state_age_ns);
  }

  void take(std::vector<SiteGroup>& to) {
    for (auto& [key, group] : groups_) {
      to.push_back(std::move(group));
    }
  }

 private:
  using Key = std::tuple<std::uint32_t, std::uint32_t, TaskState, TaskWaitReason, std::uint32_t,
                         bool, std::uint8_t>;
  static constexpr std::uint32_t kNotLooked = ~std::uint32_t{0};

  std::uint32_t place_of(std::uint32_t chain) {
    std::uint32_t& place = places_[chain];
    if (place == kNotLooked) {
      place = user_place(table_, chain);
    }
    return place;
  }

  SiteGroup group_of(const Task& task, std::uint8_t mark) {
    SiteGroup group;
    group.mark = mark;
    group.site.created = table_.place(task.created_at);
    group.site.place = table_.place(place_of(task.chain));
    group.site.reason =
        task.state == TaskState::kWaiting ? task_reason_id(task.reason) : task_state_id(task.state);
    group.site.wait = task_wait_summary(table_, task, WaitDetail::kCommon);
    group.site.idle = waits_idly(task);
    return group;
  }

  const TaskTable& table_;
  std::vector<std::uint32_t> places_;  ///< By chain.
  std::map<Key, SiteGroup> groups_;
};

class ThreadSites {
 public:
  explicit ThreadSites(const Look& look) : look_(look) {
    for (const protocol::AnnouncedWait& wait : look.announced) {
      announced_.emplace(wait.tid, &wait);
    }
  }

  [[nodiscard]] Site site_of(const ReportThread& thread) const {
    Site site;
    site.of_threads = true;
    site.place = place_of(thread);
    const auto said = announced_.find(thread.facts.tid);
    if (said != announced_.end()) {
      const auto kind = kind_of(said->second->reason);
      site.reason = task_reason_id(said->second->reason);
      site.wait = said->second->reason == TaskWaitReason::kCustom && !said->second->detail.empty()
                      ? escape(said->second->detail)
                      : task_reason_words(said->second->reason);
      site.idle = !kind || !is_lock(*kind);
    } else {
      site.reason = wait_reason_id(thread.facts.wait.reason);
      site.wait = wait_reason_words(thread.facts.wait.reason);
      site.idle = !is_lock_wait(thread.facts.wait.reason);
    }
    return site;
  }

 private:
  /// The innermost function of the program's own; without one the innermost of all.
  [[nodiscard]] SourcePlace place_of(const ReportThread& thread) const {
    if (!thread.stack) {
      return {};
    }
    const StackTable& table = look_.stacks.table;
    const symbolize::Symbol* innermost = nullptr;
    for (const ReportFrame& frame : table.stacks[*thread.stack].frames) {
      for (const symbolize::Symbol& symbol : table.locations[frame.location]) {
        if (!is_of_a_library(symbol)) {
          return place_of(symbol);
        }
        innermost = innermost == nullptr ? &symbol : innermost;
      }
    }
    return innermost == nullptr ? SourcePlace() : place_of(*innermost);
  }

  static SourcePlace place_of(const symbolize::Symbol& symbol) {
    return {symbol.function.empty() ? place_text(symbol) : symbol.function, symbol.file,
            symbol.line};
  }

  const Look& look_;
  std::unordered_map<std::int32_t, const protocol::AnnouncedWait*> announced_;
};

/// One place may have come with several ids. `groups` are in order.
void merge_equal(std::vector<SiteGroup>& groups) {
  std::vector<SiteGroup> merged;
  for (SiteGroup& group : groups) {
    if (merged.empty() || merged.back().mark != group.mark || merged.back().site != group.site) {
      merged.push_back(std::move(group));
      continue;
    }
    SiteGroup& same = merged.back();
    same.count += group.count;
    same.oldest_ns = std::max(same.oldest_ns, group.oldest_ns);
    same.youngest_ns = same.youngest_ns < 0 || group.youngest_ns < 0
                           ? std::max(same.youngest_ns, group.youngest_ns)
                           : std::min(same.youngest_ns, group.youngest_ns);
    same.ids.insert(same.ids.end(), group.ids.begin(), group.ids.end());
    std::sort(same.ids.begin(), same.ids.end());
    same.ids.resize(std::min(same.ids.size(), kMostIds));
  }
  groups = std::move(merged);
}

}  // namespace

bool waits_idly(const Task& task) {
  if (task.state != TaskState::kWaiting || task.reason == TaskWaitReason::kPost) {
    return true;  // It has its turn, or waits for it.
  }
  if (never_expires(task)) {
    return false;
  }
  // Who waits for tasks of its own is as idle as those are, and they are looked at themselves.
  return !kind_of(task.reason);
}

std::vector<SiteGroup> group_by_site(const Look& look, const std::vector<std::uint8_t>& marks) {
  std::vector<SiteGroup> groups;
  const std::size_t threads = look.threads().size();
  const ThreadSites thread_sites(look);
  std::map<std::pair<Site, std::uint8_t>, SiteGroup> of_threads;
  for (std::size_t i = 0; i < threads; ++i) {
    const ReportThread& thread = look.threads()[i];
    const std::uint8_t mark = marks.empty() ? std::uint8_t{0} : marks[i];
    if (thread.facts.is_agent || mark == kNotGrouped) {
      continue;
    }
    const Site site = thread_sites.site_of(thread);
    SiteGroup& group = of_threads[{site, mark}];
    group.site = site;
    group.mark = mark;
    add_member(group, static_cast<std::uint64_t>(thread.facts.tid), thread.facts.state_age_ns);
  }
  groups.reserve(of_threads.size());
  for (auto& [key, group] : of_threads) {
    groups.push_back(std::move(group));
  }
  if (look.stacks.tasks) {
    TaskSites task_sites(*look.stacks.tasks);
    for (std::size_t i = 0; i < look.tasks().size(); ++i) {
      const std::uint8_t mark = marks.empty() ? std::uint8_t{0} : marks[threads + i];
      if (mark != kNotGrouped) {
        task_sites.add(look.tasks()[i], mark);
      }
    }
    task_sites.take(groups);
  }
  std::stable_sort(groups.begin(), groups.end(), [](const SiteGroup& a, const SiteGroup& b) {
    return std::tie(a.site, a.mark) < std::tie(b.site, b.mark);
  });
  merge_equal(groups);
  return groups;
}

}  // namespace xgops::cli
