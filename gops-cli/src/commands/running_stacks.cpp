// SPDX-License-Identifier: MIT
#include "commands/running_stacks.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

namespace xgops::cli {
namespace {

using protocol::Task;

/// The function of a location that others are inlined into; null without a name.
const symbolize::Symbol* function_of(const StackTable& table, std::uint32_t location) {
  const auto& symbols = table.locations[location];
  return symbols.empty() || symbols.back().function.empty() ? nullptr : &symbols.back();
}

bool is_same(const symbolize::Symbol& a, const symbolize::Symbol& b) {
  return a.function == b.function && a.module == b.module;
}

/// How many frames are of the coroutine whose function is `body`; 0: none.
std::size_t frames_of(const StackTable& table, const ReportStack& stack,
                      const symbolize::Symbol& body) {
  const auto found =
      std::find_if(stack.frames.begin(), stack.frames.end(), [&](const ReportFrame& frame) {
        const symbolize::Symbol* const function = function_of(table, frame.location);
        return function != nullptr && is_same(*function, body);
      });
  return found == stack.frames.end() ? 0
                                     : static_cast<std::size_t>(found - stack.frames.begin()) + 1;
}

/// Copies stacks from one table to another.
class Copier {
 public:
  Copier(const StackTable& from, StackTable& to) : from_(from), to_(to) {}

  std::uint32_t copy(const ReportStack& stack, std::size_t frames) {
    ReportStack mine;
    for (std::size_t i = 0; i < frames; ++i) {
      ReportFrame frame = stack.frames[i];
      const auto [entry, is_new] =
          locations_.try_emplace(frame.location, static_cast<std::uint32_t>(to_.locations.size()));
      if (is_new) {
        to_.locations.push_back(from_.locations[frame.location]);
      }
      frame.location = entry->second;
      mine.frames.push_back(frame);
    }
    to_.stacks.push_back(std::move(mine));
    return static_cast<std::uint32_t>(to_.stacks.size() - 1);
  }

 private:
  const StackTable& from_;
  StackTable& to_;
  std::map<std::uint32_t, std::uint32_t> locations_;
};

std::vector<const Task*> running_tasks(const TaskTable& table) {
  std::vector<const Task*> found;
  const auto add = [&](const Task& task) {
    if (task.state == protocol::TaskState::kRunning && table.bodies.contains(task.id)) {
      found.push_back(&task);
    }
  };
  for (const Task& task : table.tasks) {
    add(task);
  }
  for (const protocol::TaskGroup& group : table.groups) {
    add(group.longest);
  }
  return found;
}

}  // namespace

std::set<std::int32_t> running_threads(const TaskTable& table) {
  std::set<std::int32_t> threads;
  for (const Task* const task : running_tasks(table)) {
    threads.insert(task->tid);
  }
  return threads;
}

void add_running_stacks(TaskTable& table, const StackReport& stacks) {
  std::map<std::int32_t, const ReportThread*> threads;
  for (const ReportThread& thread : stacks.threads) {
    threads.emplace(thread.facts.tid, &thread);
  }
  Copier copier(stacks.table, table.running_stacks);
  for (const Task* const task : running_tasks(table)) {
    const auto thread = threads.find(task->tid);
    const symbolize::Symbol* const body =
        function_of(table.creation, table.bodies.find(task->id)->second);
    if (thread == threads.end() || !thread->second->stack || body == nullptr) {
      continue;
    }
    const ReportStack& stack = stacks.table.stacks[*thread->second->stack];
    if (const std::size_t frames = frames_of(stacks.table, stack, *body); frames != 0) {
      table.running_stack_of[task->id] = copier.copy(stack, frames);
    }
  }
}

}  // namespace xgops::cli
