// SPDX-License-Identifier: MIT
// Who created whom. Nothing recurses: a chain of parents may be as long as the answer.
#include "commands/task_tree.hpp"

#include "output/task_text.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>

namespace xgops::cli {
namespace {

using protocol::Task;
using protocol::TaskGroup;

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

template <class Number>
void append(std::string& key, Number number) {
  key.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

class Tree {
 public:
  explicit Tree(const TaskTable& table)
      : table_(table),
        tasks_(table.tasks),
        parents_(tasks_.size(), kNone),
        origins_(tasks_.size(), Origin::kParent),
        below_(tasks_.size(), 0),
        classes_(tasks_.size(), 0) {
    find_parents();
    order_bottom_up();
    list_children();
    classify();
  }

  [[nodiscard]] std::vector<TreeNode> nodes() const {
    std::vector<TreeNode> shown;
    std::vector<Pending> open;
    push_groups(roots_, 0, open);
    while (!open.empty()) {
      Pending next = std::move(open.back());
      open.pop_back();
      const std::uint32_t task = next.task;
      if (next.node.depth + 1 < kMaxTreeDepth) {
        push_groups(children_of(task), next.node.depth + 1, open);
      } else {
        next.node.hidden = below_[task];
      }
      shown.push_back(std::move(next.node));
    }
    return shown;
  }

 private:
  using Tasks = std::vector<std::uint32_t>;
  struct Pending {
    std::uint32_t task;  ///< What is below this one is shown.
    TreeNode node;
  };

  void find_parents() {
    const Origin missing =
        table_.truncated || table_.dropped > 0 ? Origin::kUnseen : Origin::kEnded;
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      if (tasks_[i].parent == 0) {
        continue;
      }
      const auto found =
          std::lower_bound(tasks_.begin(), tasks_.end(), tasks_[i].parent,
                           [](const Task& task, std::uint64_t id) { return task.id < id; });
      if (found == tasks_.end() || found->id != tasks_[i].parent) {
        origins_[i] = missing;
      } else {
        parents_[i] = static_cast<std::uint32_t>(found - tasks_.begin());
      }
    }
  }

  /// Fills `order_` so that every task comes before its parent. What is left when no task without
  /// children is left are rings; each is cut once.
  void order_bottom_up() {
    std::vector<std::uint32_t> waiting_for(tasks_.size(), 0);
    for (const std::uint32_t parent : parents_) {
      if (parent != kNone) {
        ++waiting_for[parent];
      }
    }
    std::vector<bool> placed(tasks_.size(), false);
    const auto place_upwards = [&](std::uint32_t task) {
      while (task != kNone && waiting_for[task] == 0 && !placed[task]) {
        placed[task] = true;
        order_.push_back(task);
        task = parents_[task];
        if (task != kNone) {
          --waiting_for[task];
        }
      }
    };
    order_.reserve(tasks_.size());
    for (std::uint32_t i = 0; i < tasks_.size(); ++i) {
      place_upwards(i);
    }
    for (std::uint32_t i = 0; i < tasks_.size(); ++i) {
      if (!placed[i]) {
        const std::uint32_t parent = std::exchange(parents_[i], kNone);
        origins_[i] = Origin::kCycle;
        --waiting_for[parent];
        place_upwards(parent);
      }
    }
  }

  void list_children() {
    first_child_.assign(tasks_.size() + 1, 0);
    for (const std::uint32_t parent : parents_) {
      if (parent != kNone) {
        ++first_child_[parent + 1];
      }
    }
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      first_child_[i + 1] += first_child_[i];
    }
    children_.resize(first_child_.back());
    std::vector<std::uint32_t> next(first_child_.begin(), first_child_.end() - 1);
    for (std::uint32_t i = 0; i < tasks_.size(); ++i) {
      if (parents_[i] == kNone) {
        roots_.push_back(i);
      } else {
        children_[next[parents_[i]]++] = i;
      }
    }
  }

  [[nodiscard]] Tasks children_of(std::uint32_t task) const {
    return {children_.begin() + first_child_[task], children_.begin() + first_child_[task + 1]};
  }

  /// Tasks that read the same, with all that is below them, get the same class.
  void classify() {
    std::unordered_map<std::string, std::uint32_t> known;
    std::string key;
    for (const std::uint32_t i : order_) {
      const Task& task = tasks_[i];
      key.clear();
      append(key, task.state);
      append(key, task.reason);
      append(key, task.owner_kind);
      append(key, task.owner);
      append(key, task.tid);
      append(key, task.name);
      append(key, task.created_at);
      append(key, user_place(table_, task.chain));
      append(key, origins_[i]);
      append(key, origins_[i] == Origin::kParent ? 0 : task.parent);
      Tasks classes = children_of(i);
      for (std::uint32_t& child : classes) {
        below_[i] += below_[child] + 1;
        child = classes_[child];
      }
      std::sort(classes.begin(), classes.end());
      for (const std::uint32_t child : classes) {
        append(key, child);
      }
      classes_[i] = known.try_emplace(key, static_cast<std::uint32_t>(known.size())).first->second;
    }
  }

  /// Groups `siblings` by class and puts them on `open`, the first on top.
  void push_groups(const Tasks& siblings, std::uint32_t depth, std::vector<Pending>& open) const {
    const std::size_t begin = open.size();
    std::unordered_map<std::uint32_t, std::size_t> known;
    for (const std::uint32_t i : siblings) {
      const auto [entry, is_new] = known.try_emplace(classes_[i], open.size());
      if (is_new) {
        open.push_back({i, {{tasks_[i], 0, tasks_[i].state_age_ns, {}}, depth, origins_[i]}});
        open.back().node.last = false;
      }
      TaskGroup& group = open[entry->second].node.group;
      ++group.count;
      group.youngest_age_ns = std::min(group.youngest_age_ns, tasks_[i].state_age_ns);
      if (tasks_[i].state_age_ns > group.longest.state_age_ns) {
        group.longest = tasks_[i];
      }
      if (group.ids.size() < protocol::kMaxGroupIds) {
        group.ids.push_back(tasks_[i].id);
      }
    }
    if (open.size() > begin) {
      open.back().node.last = true;
      std::reverse(open.begin() + static_cast<std::ptrdiff_t>(begin), open.end());
    }
  }

  const TaskTable& table_;
  const std::vector<Task>& tasks_;
  std::vector<std::uint32_t> parents_;
  std::vector<Origin> origins_;
  Tasks order_;
  Tasks roots_;
  Tasks children_;                          ///< Of the first task, of the second, ...
  std::vector<std::uint32_t> first_child_;  ///< Where those of each begin.
  std::vector<std::uint64_t> below_;        ///< How many descendants each has.
  std::vector<std::uint32_t> classes_;
};

}  // namespace

std::vector<TreeNode> task_tree(const TaskTable& table) {
  return Tree(table).nodes();
}

}  // namespace xgops::cli
