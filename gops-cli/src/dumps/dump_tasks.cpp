// SPDX-License-Identifier: MIT
#include "dumps/dump_tasks.hpp"

#include <algorithm>
#include <utility>

namespace xgops::cli {
namespace {

using protocol::Task;
using protocol::TaskArgument;
using protocol::TaskOwner;
using protocol::TaskState;
using protocol::TaskStatus;
using protocol::TaskWaitReason;

/// "initiate_async_read_until" in a type names the composed operation "async_read_until".
std::string composed_name(const std::string& type) {
  constexpr std::string_view kInitiation = "initiate_async_";
  const std::size_t begin = type.find(kInitiation);
  if (begin == std::string::npos) {
    return {};
  }
  const std::string rest = type.substr(begin + std::string_view("initiate_").size());
  return rest.substr(0, rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"));
}

}  // namespace

std::uint32_t DumpTasks::text_id(const std::string& text) {
  if (text.empty()) {
    return 0;
  }
  const auto [entry, is_new] =
      texts_.try_emplace(text, static_cast<std::uint32_t>(texts_.size() + 1));
  if (is_new) {
    response_.texts.push_back({entry->second, text});
  }
  return entry->second;
}

std::uint32_t DumpTasks::location_id(const DumpLine& line) {
  std::string file = line.text("file");
  std::string function = line.text("function");
  const auto number = line.number_or<std::uint32_t>("line", 0);
  if (file.empty() && function.empty() && number == 0) {
    return 0;
  }
  const auto [entry, is_new] = locations_.try_emplace(
      {file, number, function}, static_cast<std::uint32_t>(locations_.size() + 1));
  if (is_new) {
    response_.locations.push_back({entry->second, number, std::move(file), std::move(function)});
  }
  return entry->second;
}

Task* DumpTasks::task_of(const DumpLine& line) {
  const auto found = index_.find(line.number_or<std::uint64_t>("task", 0));
  return found == index_.end() ? nullptr : &response_.tasks[found->second];
}

void DumpTasks::add_wait(const DumpLine& line, Task& task) {
  const auto reason = line.number_or<std::uint32_t>("reason", 0);
  task.reason = reason <= static_cast<std::uint32_t>(TaskWaitReason::kLast)
                    ? static_cast<TaskWaitReason>(reason)
                    : TaskWaitReason::kUnknown;
  std::string detail = line.text("operation");
  if (task.reason == TaskWaitReason::kUnknown) {
    if (const std::string object = line.text("object"); !object.empty()) {
      task.reason = TaskWaitReason::kOperation;
      detail = object + " " + (detail == "async_wait" ? "ready" : detail);
    } else if (std::string composed = composed_name(detail); !composed.empty()) {
      task.reason = TaskWaitReason::kOperation;
      detail = std::move(composed);
    }
  }
  task.detail = text_id(detail);
  const auto argument = [&](const char* key, TaskArgument kind) {
    if (const auto value = line.number<std::uint64_t>(key)) {
      task.argument_kind = kind;
      task.argument = *value;
    }
  };
  argument("fd", TaskArgument::kDescriptor);
  argument("at", TaskArgument::kObject);
  argument("waits_for_task", TaskArgument::kTask);
  argument("operations", TaskArgument::kCount);
  if (const auto expiry = line.number<std::int64_t>("expires_ns")) {
    task.argument_kind = TaskArgument::kExpiry;
    task.argument = static_cast<std::uint64_t>(*expiry);
  }
  if (const auto thread = line.number<std::uint64_t>("held_by_thread")) {
    task.owner_kind = TaskOwner::kThread;
    task.owner = *thread;
  } else if (const auto other = line.number<std::uint64_t>("held_by_task")) {
    task.owner_kind = TaskOwner::kTask;
    task.owner = *other;
  }
}

bool DumpTasks::add_task(const DumpLine& line) {
  const auto id = line.number<std::uint64_t>("id");
  if (!id || *id == 0 || !index_.try_emplace(*id, response_.tasks.size()).second) {
    return false;
  }
  Task task;
  task.id = *id;
  task.parent = line.number_or<std::uint64_t>("parent", 0);
  task.resumed = line.number_or<std::uint32_t>("resumed", 0);
  task.tid = line.number_or<std::int32_t>("tid", 0);
  const std::string status = line.text("status");
  task.status = status == "exact"    ? TaskStatus::kExact
                : status == "moving" ? TaskStatus::kMoving
                                     : TaskStatus::kPartial;
  const std::string state = line.text("state");
  task.state = state == "running"   ? TaskState::kRunning
               : state == "waiting" ? TaskState::kWaiting
                                    : TaskState::kCreated;
  task.state_age_ns = line.number_or<std::int64_t>("age_ns", -1);
  if (task.state_age_ns < 0) {
    task.state_age_ns = -1;
  }
  task.name = text_id(line.text("name"));
  if (task.state == TaskState::kWaiting) {
    add_wait(line, task);
  }
  if (const auto body = line.number<std::uint64_t>("body")) {
    response_.bodies.push_back({task.id, *body});
  }
  response_.tasks.push_back(task);
  return true;
}

bool DumpTasks::add_created(const DumpLine& line) {
  Task* const task = task_of(line);
  if (task == nullptr) {
    return false;
  }
  task->created_at = location_id(line);
  return true;
}

bool DumpTasks::add_chain(const DumpLine& line) {
  const Task* const task = task_of(line);
  if (task == nullptr) {
    return false;
  }
  chains_[task->id].push_back(location_id(line));
  return true;
}

protocol::Tasks::Response DumpTasks::finish(bool all_are_here) {
  std::map<std::vector<std::uint32_t>, std::uint32_t> ids;
  for (Task& task : response_.tasks) {
    const auto chain = chains_.find(task.id);
    if (chain != chains_.end()) {
      const auto [entry, is_new] =
          ids.try_emplace(chain->second, static_cast<std::uint32_t>(ids.size() + 1));
      if (is_new) {
        response_.chains.push_back({entry->second, entry->first, {}});
      }
      task.chain = entry->second;
    }
    if (task.state == TaskState::kWaiting && task.reason == TaskWaitReason::kPost) {
      // co_spawn runs a task just so far that it queues itself.
      task.state = task.resumed <= 1 && task.chain == 0 ? TaskState::kCreated : TaskState::kReady;
    }
    if (all_are_here && task.owner_kind == TaskOwner::kTask && !index_.contains(task.owner)) {
      task.owner_kind = TaskOwner::kGone;
    }
    response_.running += task.state == TaskState::kRunning ? 1 : 0;
  }
  response_.total = response_.tasks.size();
  return std::exchange(response_, {});
}

void group_tasks(protocol::Tasks::Response& tasks) {
  const auto key_of = [](const Task& task) {
    // Each running task is on a thread of its own.
    const std::uint64_t alone = task.state == TaskState::kRunning ? task.id : 0;
    return std::tuple(task.state, task.status, task.reason, task.owner_kind, task.owner, task.name,
                      task.detail, task.chain, task.created_at, alone);
  };
  std::map<decltype(key_of(Task())), std::size_t> index;
  std::sort(tasks.tasks.begin(), tasks.tasks.end(),
            [](const Task& a, const Task& b) { return a.id < b.id; });
  for (const Task& task : tasks.tasks) {
    const auto [entry, is_new] = index.try_emplace(key_of(task), tasks.groups.size());
    if (is_new) {
      tasks.groups.push_back({task, 0, task.state_age_ns, {}});
    }
    protocol::TaskGroup& group = tasks.groups[entry->second];
    ++group.count;
    group.youngest_age_ns = std::min(group.youngest_age_ns, task.state_age_ns);
    if (group.ids.size() < protocol::kMaxGroupIds) {
      group.ids.push_back(task.id);
    }
    if (task.state_age_ns > group.longest.state_age_ns) {
      group.longest = task;
    }
  }
  tasks.tasks.clear();
}

}  // namespace xgops::cli
