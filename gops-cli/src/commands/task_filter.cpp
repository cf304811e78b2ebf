// SPDX-License-Identifier: MIT
// Which tasks are meant, and in which order.
#include "commands/task_filter.hpp"

#include "output/task_text.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <vector>

#include <fnmatch.h>

namespace xgops::cli {
namespace {

using protocol::Task;
using protocol::TaskState;
using protocol::TaskWaitReason;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Whether a task fits the filter, with what can be known beforehand prepared.
class Matcher {
 public:
  Matcher(const TaskTable& table, const TaskFilter& filter) : filter_(filter) {
    prepare_waits(table);
    for (const std::string& text : table.texts) {
      names_.push_back(filter.name.empty() || ::fnmatch(filter.name.c_str(), text.c_str(), 0) == 0);
    }
    prepare_sites(table);
  }

  [[nodiscard]] bool fits(const Task& task) const {
    const std::int64_t older_ns = std::chrono::nanoseconds(filter_.older).count();
    return (!filter_.state || task.state == *filter_.state) &&
           (older_ns == 0 || task.state_age_ns >= older_ns) && fits_wait(task) &&
           (filter_.name.empty() || (task.name != 0 && names_[task.name - 1])) &&
           (filter_.site.empty() || (task.created_at != 0 && places_[task.created_at - 1]) ||
            (task.chain != 0 && chains_[task.chain - 1]));
  }

 private:
  void prepare_waits(const TaskTable& table) {
    std::string word = filter_.wait;
    std::replace(word.begin(), word.end(), '_', ' ');
    for (std::size_t i = 0; i < reasons_.size(); ++i) {
      reasons_[i] = contains(task_reason_words(static_cast<TaskWaitReason>(i)), word);
    }
    for (const std::string& text : table.texts) {
      details_.push_back(contains(text, filter_.wait));
    }
  }

  void prepare_sites(const TaskTable& table) {
    for (const SourcePlace& place : table.places) {
      places_.push_back(contains(place.file + ":" + std::to_string(place.line), filter_.site) ||
                        contains(place.function, filter_.site));
    }
    for (const auto& chain : table.chains) {
      chains_.push_back(std::any_of(chain.begin(), chain.end(),
                                    [&](std::uint32_t id) { return id != 0 && places_[id - 1]; }));
    }
  }

  [[nodiscard]] bool fits_wait(const Task& task) const {
    if (filter_.wait.empty()) {
      return true;
    }
    const bool waits = task.state == TaskState::kWaiting || task.state == TaskState::kReady;
    return waits && task.reason != TaskWaitReason::kNone &&
           (reasons_.at(static_cast<std::size_t>(task.reason)) ||
            (task.detail != 0 && details_[task.detail - 1]));
  }

  const TaskFilter& filter_;
  std::array<bool, static_cast<std::size_t>(TaskWaitReason::kLast) + 1> reasons_{};
  std::vector<bool> details_;
  std::vector<bool> names_;
  std::vector<bool> places_;
  std::vector<bool> chains_;
};

/// The position of each place in the order of file and line.
std::vector<std::uint32_t> ranks_of(const std::vector<SourcePlace>& places) {
  std::vector<std::uint32_t> order(places.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::tie(places[a].file, places[a].line, a) <
           std::tie(places[b].file, places[b].line, b);
  });
  std::vector<std::uint32_t> ranks(places.size() + 1, 0);
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    ranks[order[i] + 1] = i + 1;
  }
  return ranks;
}

template <class Before>
void keep_first(std::vector<Task>& tasks, std::size_t limit, const Before& before) {
  if (limit == 0 || limit >= tasks.size()) {
    std::sort(tasks.begin(), tasks.end(), before);
    return;
  }
  std::partial_sort(tasks.begin(), tasks.begin() + static_cast<std::ptrdiff_t>(limit), tasks.end(),
                    before);
  tasks.resize(limit);
}

}  // namespace

std::size_t keep_matching(TaskTable& table, const TaskFilter& filter) {
  const Matcher matcher(table, filter);
  std::erase_if(table.tasks, [&](const Task& task) { return !matcher.fits(task); });
  return table.tasks.size();
}

void sort_tasks(TaskTable& table, TaskSort order, std::size_t limit) {
  const auto older = [](const Task& a, const Task& b) {
    return std::tie(b.state_age_ns, a.id) < std::tie(a.state_age_ns, b.id);
  };
  switch (order) {
    case TaskSort::kAge:
      keep_first(table.tasks, limit, older);
      break;
    case TaskSort::kResumed:
      keep_first(table.tasks, limit, [](const Task& a, const Task& b) {
        return std::tie(b.resumed, a.id) < std::tie(a.resumed, b.id);
      });
      break;
    case TaskSort::kSite: {
      const std::vector<std::uint32_t> ranks = ranks_of(table.places);
      keep_first(table.tasks, limit, [&](const Task& a, const Task& b) {
        const std::uint32_t rank_a = ranks[a.created_at];
        const std::uint32_t rank_b = ranks[b.created_at];
        return rank_a != rank_b ? rank_a < rank_b : older(a, b);
      });
      break;
    }
  }
}

void longest_first(TaskTable& table) {
  sort_tasks(table, TaskSort::kAge, 0);
  std::stable_sort(table.groups.begin(), table.groups.end(), [](const auto& a, const auto& b) {
    return a.longest.state_age_ns > b.longest.state_age_ns;
  });
}

}  // namespace xgops::cli
