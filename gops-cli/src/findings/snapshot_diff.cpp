// SPDX-License-Identifier: MIT
#include "findings/snapshot_diff.hpp"

#include "findings/analysis.hpp"
#include "findings/site_groups.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace xgops::cli {
namespace {

using protocol::Task;
using protocol::TaskState;

/// The `co_await` at which a task waits. Ids of chains mean nothing outside their look.
const SourcePlace& wait_site(const TaskTable& table, const Task& task) {
  const auto& chain = table.chain(task.chain);
  return table.place(chain.empty() ? 0 : chain.front());
}

bool same_suspension(const TaskTable& table_a, const Task& a, const TaskTable& table_b,
                     const Task& b) {
  return a.state == b.state && a.state != TaskState::kRunning && a.resumed == b.resumed &&
         a.reason == b.reason && b.status != protocol::TaskStatus::kMoving &&
         wait_site(table_a, a) == wait_site(table_b, b);
}

/// A thread that was scheduled meanwhile has used CPU time.
bool same_sleep(const protocol::ThreadFacts& a, const protocol::ThreadFacts& b) {
  return same_wait(a.wait, b.wait) && a.cpu_ns == b.cpu_ns &&
         b.wait.reason != protocol::WaitReason::kRunning;
}

/// What became of the threads and tasks of both looks; `older` has marks for those that are gone.
struct Marks {
  std::vector<std::uint8_t> older;
  std::vector<std::uint8_t> younger;
};

constexpr std::uint8_t mark(Change change) {
  return static_cast<std::uint8_t>(change);
}

void mark_threads(const Look& older, const Look& younger, Marks& marks) {
  std::unordered_map<std::int32_t, std::size_t> before;
  for (std::size_t i = 0; i < older.threads().size(); ++i) {
    before.emplace(older.threads()[i].facts.tid, i);
    marks.older[i] = mark(Change::kGone);
  }
  for (std::size_t i = 0; i < younger.threads().size(); ++i) {
    const protocol::ThreadFacts& facts = younger.threads()[i].facts;
    const auto found = before.find(facts.tid);
    if (found == before.end()) {
      marks.younger[i] = mark(Change::kNew);
      continue;
    }
    marks.older[found->second] = kNotGrouped;
    const bool stuck = same_sleep(older.threads()[found->second].facts, facts);
    marks.younger[i] = mark(stuck ? Change::kStuck : Change::kMoved);
  }
}

void mark_tasks(const Look& older, const Look& younger, Marks& marks) {
  const std::size_t first_older = older.threads().size();
  const std::size_t first_younger = younger.threads().size();
  std::unordered_map<std::uint64_t, std::size_t> before;
  before.reserve(older.tasks().size());
  for (std::size_t i = 0; i < older.tasks().size(); ++i) {
    before.emplace(older.tasks()[i].id, i);
    marks.older[first_older + i] = mark(Change::kGone);
  }
  for (std::size_t i = 0; i < younger.tasks().size(); ++i) {
    const Task& task = younger.tasks()[i];
    const auto found = before.find(task.id);
    if (found == before.end()) {
      marks.younger[first_younger + i] = mark(Change::kNew);
      continue;
    }
    marks.older[first_older + found->second] = kNotGrouped;
    const bool stuck = same_suspension(*older.stacks.tasks, older.tasks()[found->second],
                                       *younger.stacks.tasks, task);
    marks.younger[first_younger + i] = mark(stuck ? Change::kStuck : Change::kMoved);
  }
}

}  // namespace

std::vector<DiffRow> compare_looks(const Look& older, const Look& younger) {
  Marks marks;
  marks.older.resize(older.threads().size() + older.tasks().size(), kNotGrouped);
  marks.younger.resize(younger.threads().size() + younger.tasks().size(), kNotGrouped);
  mark_threads(older, younger, marks);
  mark_tasks(older, younger, marks);
  std::vector<DiffRow> rows;
  for (SiteGroup& group : group_by_site(younger, marks.younger)) {
    const auto change = static_cast<Change>(group.mark);
    rows.push_back({std::move(group), change});
  }
  for (SiteGroup& group : group_by_site(older, marks.older)) {
    rows.push_back({std::move(group), Change::kGone});
  }
  std::stable_sort(rows.begin(), rows.end(), [](const DiffRow& a, const DiffRow& b) {
    const auto rank = [](const DiffRow& row) {
      return std::tuple(row.change, row.group.site.idle,
                        -static_cast<std::int64_t>(row.group.count));
    };
    return rank(a) < rank(b);
  });
  return rows;
}

}  // namespace xgops::cli
