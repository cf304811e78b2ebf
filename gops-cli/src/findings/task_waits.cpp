// SPDX-License-Identifier: MIT
// The part of the wait-for graph that tasks bring.
#include "findings/wait_graph.hpp"

#include <algorithm>

namespace xgops::cli {

using protocol::Task;
using protocol::TaskOwner;
using protocol::TaskState;
using protocol::TaskWaitReason;
using waits::Needs;
using waits::Node;
using waits::Role;

void WaitGraph::add_task(std::size_t index) {
  const Task& task = look_.tasks()[index];
  switch (task.state) {
    case TaskState::kRunning:
      if (const auto thread = thread_with(static_cast<std::uint64_t>(task.tid))) {
        const Node node = node_of({false, index});
        graph_.set_needs(node, Needs::kAll);
        graph_.connect(node, node_of({true, *thread}));
      }
      return;
    case TaskState::kCreated:
    case TaskState::kReady:
      return add_ready_task(index);
    case TaskState::kWaiting:
      return add_task_wait(index);
  }
}

std::vector<std::size_t> WaitGraph::workers_of(std::uint16_t executor) const {
  std::vector<std::size_t> found;
  for (const std::size_t thread : workers_) {
    const auto known = executors_of_.find(thread);
    if (executor == 0 || known == executors_of_.end() || known->second.executors == 0 ||
        (known->second.executors >> (executor % 64) & 1U) != 0) {
      found.push_back(thread);
    }
  }
  return found;
}

std::uint32_t WaitGraph::handler_on(std::size_t thread) const {
  const auto known = executors_of_.find(thread);
  return known == executors_of_.end() ? 0 : known->second.handler;
}

void WaitGraph::add_ready_task(std::size_t index) {
  const std::uint16_t executor = look_.tasks()[index].executor;
  const auto [entry, is_new] = executors_.try_emplace(executor);
  if (is_new) {
    const std::vector<std::size_t> workers = workers_of(executor);
    const bool somebody_may = workers.empty() || more_workers_ ||
                              std::any_of(workers.begin(), workers.end(),
                                          [&](std::size_t thread) { return idle_[thread]; });
    if (!somebody_may) {
      entry->second = graph_.add(Role::kResource, Needs::kAny);
      resources_.push_back({ResourceKind::kOther, 0, "a thread of the executor", 0, {}});
      for (const std::size_t thread : workers) {
        graph_.connect(*entry->second, node_of({true, thread}));
      }
    }
  }
  if (entry->second) {
    wait_for(node_of({false, index}), *entry->second);
  }
}

void WaitGraph::add_task_wait(std::size_t index) {
  const Task& task = look_.tasks()[index];
  const Node node = node_of({false, index});
  switch (task.reason) {
    case TaskWaitReason::kPost:
      return add_ready_task(index);
    case TaskWaitReason::kJoin:
      if (task.argument_kind == protocol::TaskArgument::kTask && task_with(task.argument)) {
        const auto found = resource_node(ResourceKind::kJoin, task.argument, Needs::kAll, kTaskEnd);
        if (found.is_new) {
          add_holder(found.node, TaskOwner::kTask, task.argument);
        }
        wait_for(node, found.node);
      }
      return;
    case TaskWaitReason::kAllOf:
    case TaskWaitReason::kFirstOf:
      return add_children_wait(index);
    default:
      break;
  }
  const auto kind = kind_of(task.reason);
  if (!kind) {
    return;
  }
  const bool has_object = task.argument_kind == protocol::TaskArgument::kObject;
  const std::uint64_t address = has_object ? task.argument : 0;
  if (const auto object = objects_.find(address); has_object && object != objects_.end()) {
    wait_for_object(node, *kind, *object->second);
  } else if (task.owner_kind != TaskOwner::kNone || is_lock(*kind)) {
    wait_for_holder(node, *kind, address, task.owner_kind, task.owner, {});
  } else if (!needs_holder(*kind)) {
    wait_for_anybody(node, *kind, address, false);
  }
}

/// For tasks that it has created, all or the first of them: those created at the very place where
/// it waits. Others go on by themselves, and some that it waits for may have ended or be no tasks:
/// without all of them nothing is known.
void WaitGraph::add_children_wait(std::size_t index) {
  const Task& task = look_.tasks()[index];
  const auto children = children_.find(task.id);
  const auto& chain = look_.stacks.tasks->chain(task.chain);
  if (children == children_.end() || task.argument_kind != protocol::TaskArgument::kCount ||
      chain.empty() || chain.front() == 0) {
    return;
  }
  std::vector<std::size_t> awaited = children->second;
  std::erase_if(
      awaited, [&](std::size_t child) { return look_.tasks()[child].created_at != chain.front(); });
  if (awaited.size() != task.argument) {
    return;
  }
  const Needs needs = task.reason == TaskWaitReason::kAllOf ? Needs::kAll : Needs::kAny;
  const auto found = resource_node(ResourceKind::kJoin, task.id, needs, kChildren);
  for (const std::size_t child : awaited) {
    graph_.connect(found.node, node_of({false, child}));
  }
  wait_for(node_of({false, index}), found.node);
}

}  // namespace xgops::cli
