// SPDX-License-Identifier: MIT
#include "commands/task_mapping.hpp"

#include "commands/thread_mapping.hpp"
#include "tasks/source_text.hpp"

#include <algorithm>

namespace xgops::commands {
namespace {

using protocol::TaskOwner;
using protocol::TaskState;
using protocol::TaskWaitReason;
using tasks::TaskSighting;

// To look for all live tasks costs some ms when there are a million.
constexpr std::size_t kMostLooks = 16;

TaskState state_of(const TaskSighting& task, TaskWaitReason reason) noexcept {
  switch (task.state) {
    case detail::kTaskRunning:
      return TaskState::kRunning;
    case detail::kTaskWaiting:
      // co_spawn runs a task just so far that it queues itself.
      return reason != TaskWaitReason::kPost            ? TaskState::kWaiting
             : task.resumed <= 1 && task.frames.empty() ? TaskState::kCreated
                                                        : TaskState::kReady;
    default:
      return TaskState::kCreated;
  }
}

}  // namespace

TaskMapper::TaskMapper(AgentState& state)
    : state_(state), now_(detail::coarse_ticks()), waits_(state) {}

std::int64_t TaskMapper::age_of(const TaskSighting& task) const noexcept {
  // How long it runs is not noted: a clock call at each resumption would double its cost.
  return task.state == detail::kTaskRunning ? -1 : tasks::age_between(task.since, now_);
}

std::uint32_t TaskMapper::location_id(std::uint64_t location, std::uint64_t function,
                                      protocol::Tasks::Response& part) {
  if (location == 0) {
    return 0;
  }
  const auto [entry, is_new] =
      locations_.try_emplace(location, static_cast<std::uint32_t>(locations_.size() + 1));
  if (is_new) {
    tasks::SourcePlace place = tasks::place_at(location, function);
    bytes_ += 16 + place.file.size() + place.function.size();
    part.locations.push_back(
        {entry->second, place.line, std::move(place.file), std::move(place.function)});
  }
  return entry->second;
}

std::uint32_t TaskMapper::chain_id(std::span<const tasks::FrameSite> frames,
                                   protocol::Tasks::Response& part) {
  if (frames.empty()) {
    return 0;
  }
  Fingerprint print;
  for (const tasks::FrameSite& frame : frames) {
    print.add(frame.location);
  }
  const auto [entry, is_new] =
      chains_.try_emplace(print, static_cast<std::uint32_t>(chains_.size() + 1));
  if (is_new) {
    protocol::TaskChain chain;
    chain.id = entry->second;
    chain.locations.reserve(frames.size());
    for (const tasks::FrameSite& frame : frames) {
      chain.locations.push_back(location_id(frame.location, frame.function, part));
      chain.frame_bytes.push_back(static_cast<std::uint32_t>(
          std::min<std::size_t>(state_.tasks.registry->frame_bytes(frame.node), UINT32_MAX)));
    }
    bytes_ += 8 + 8 * frames.size();
    part.chains.push_back(std::move(chain));
  }
  return entry->second;
}

void TaskMapper::add_modules(protocol::Tasks::Response& part) {
  if (std::exchange(modules_sent_, true)) {
    return;
  }
  if (auto modules = state_.inspector.modules()) {
    for (threads::Module& module : *modules) {
      bytes_ += 64 + module.path.size();
      part.modules.push_back(commands::to_wire(std::move(module)));
    }
  }
}

void TaskMapper::add_body(const TaskSighting& task, protocol::Tasks::Response& part) {
  if (task.frames.empty()) {
    return;
  }
  const std::uint64_t function = state_.tasks.registry->resume_function(task.frames.front().node);
  if (function != 0) {
    add_modules(part);
    bytes_ += 16;
    part.bodies.push_back({task.id, function});
  }
}

std::uint32_t TaskMapper::creation_stack_id(std::uint32_t stack, protocol::Tasks::Response& part) {
  const auto* const found = state_.tasks.details->creation_stack(stack);
  if (found == nullptr) {
    return 0;
  }
  const auto [entry, is_new] =
      creation_stacks_.try_emplace(stack, static_cast<std::uint32_t>(creation_stacks_.size() + 1));
  if (!is_new) {
    return entry->second;
  }
  add_modules(part);
  protocol::Stack wire;
  wire.id = entry->second;
  wire.truncated = found->frames == found->return_addresses.size();
  for (std::uint32_t i = 0; i < found->frames; ++i) {
    wire.frames.push_back({found->return_addresses[i], protocol::kPlainFrame});
  }
  bytes_ += 16 + 9 * wire.frames.size();
  part.creation_stacks.push_back(std::move(wire));
  return entry->second;
}

void TaskMapper::look_for_live_tasks() {
  live_tasks_.clear();
  for (const auto& record : state_.tasks.registry->records()) {
    const std::uint64_t identity = record.identity.load(std::memory_order_relaxed);
    const auto state = identity & 0xff;
    if (state != detail::kTaskFree && state != detail::kTaskFinished) {
      live_tasks_.push_back(identity >> detail::kIdShift);
    }
  }
  std::sort(live_tasks_.begin(), live_tasks_.end());
}

bool TaskMapper::is_live_task(std::uint64_t id) {
  if (std::binary_search(live_tasks_.begin(), live_tasks_.end(), id)) {
    return true;
  }
  // It may be younger than the last look. Ids are not used again: once gone, gone for good.
  if (gone_tasks_.count(id) != 0 || looks_ == kMostLooks) {
    return false;
  }
  ++looks_;
  look_for_live_tasks();
  const bool lives = std::binary_search(live_tasks_.begin(), live_tasks_.end(), id);
  if (!lives) {
    gone_tasks_.insert(id);
  }
  return lives;
}

void TaskMapper::add_owner(std::uint64_t holder, protocol::Task& wire) {
  if (holder == 0) {
    return;
  }
  const bool is_thread = (holder & Holder::kThread) != 0;
  wire.owner = holder & ~Holder::kThread;
  if (is_thread) {
    wire.owner_kind = thread_exists(wire.owner) ? TaskOwner::kThread : TaskOwner::kGoneThread;
  } else {
    wire.owner_kind = is_live_task(wire.owner) ? TaskOwner::kTask : TaskOwner::kGone;
  }
}

void TaskMapper::add_wait(const TaskSighting& task, protocol::Task& wire,
                          protocol::Tasks::Response& part) {
  const WireWait wait = waits_.to_wire(task.operation, task.argument_kind, task.argument);
  wire.reason = wait.reason;
  wire.argument_kind = wait.argument_kind;
  wire.argument = wait.argument;
  add_owner(wait.holder, wire);
  wire.detail = texts_.id_of(wait.detail, part.texts);
}

void TaskMapper::add_details(const TaskSighting& task, protocol::Task& wire,
                             protocol::Tasks::Response& part) {
  tasks::Details details;
  if (!state_.tasks.details->read_of(task.record, task.id, details)) {
    return;
  }
  wire.name = texts_.id_of(details.name.data(), part.texts);
  wire.labels = texts_.id_of(state_.tasks.details->labels(details.labels), part.texts);
  wire.creation_stack = creation_stack_id(details.creation_stack, part);
}

protocol::Task TaskMapper::to_wire(const TaskSighting& task, protocol::Tasks::Response& part) {
  protocol::Task wire;
  wire.id = task.id;
  wire.parent = task.parent;
  wire.status = static_cast<protocol::TaskStatus>(task.consistency);
  wire.state_age_ns = age_of(task);
  wire.resumed = task.resumed;
  wire.tid = static_cast<std::int32_t>(task.tid);
  wire.executor = task.executor;
  if (task.state == detail::kTaskWaiting) {
    add_wait(task, wire, part);
  }
  wire.state = state_of(task, wire.reason);
  if (task.state == detail::kTaskRunning) {
    // In the child of a fork the task of another thread stays as it was, and never goes on.
    if (!thread_exists(task.tid)) {
      wire.tid = 0;
    }
    add_body(task, part);
  }
  wire.chain = chain_id(task.frames, part);
  wire.created_at = location_id(task.created_at, 0, part);
  add_details(task, wire, part);
  return wire;
}

Fingerprint TaskMapper::group_of(const TaskSighting& task) const {
  Fingerprint print;
  print.add(task.state | (task.argument_kind << 8) |
            (static_cast<std::uint64_t>(task.consistency) << 16));
  print.add(task.operation);
  print.add(task.created_at);
  if (task.state == detail::kTaskRunning) {
    print.add(task.id);  // Each on a thread of its own.
  }
  if (task.argument_kind == detail::kArgumentHolder) {
    print.add(read_holder(task.argument));
  }
  if (task.argument_kind == detail::kArgumentHolderSet) {
    print.add(task.argument);
  }
  tasks::Details details;
  if (state_.tasks.details->read_of(task.record, task.id, details)) {
    print.add(details.labels);
    print.add(details.creation_stack);
    print.add(std::hash<std::string_view>{}(details.name.data()));
  }
  for (const tasks::FrameSite& frame : task.frames) {
    print.add(frame.location);
  }
  return print;
}

}  // namespace xgops::commands
