// SPDX-License-Identifier: MIT
#include "findings/wait_graph.hpp"

#include "findings/executor_threads.hpp"

#include <algorithm>

namespace xgops::cli {
namespace {

using protocol::OwnerState;
using protocol::Task;
using protocol::TaskOwner;
using protocol::TaskState;
using protocol::TaskWaitReason;
using protocol::Wait;
using protocol::WaitReason;
using waits::Needs;
using waits::Node;
using waits::Role;

bool is_shared(const Wait& wait) {
  return wait.detail.find("process-shared") != std::string::npos;
}

TaskOwner owner_kind(OwnerState state) {
  switch (state) {
    case OwnerState::kNone:
      return TaskOwner::kNone;
    case OwnerState::kLive:
      return TaskOwner::kThread;
    case OwnerState::kExited:
      return TaskOwner::kGoneThread;
  }
  return TaskOwner::kNone;
}

}  // namespace

WaitGraph::WaitGraph(const Look& look)
    : look_(look), waited_for_(look.threads().size() + look.tasks().size()) {
  for (std::size_t i = 0; i < look.threads().size(); ++i) {
    const protocol::ThreadFacts& facts = look.threads()[i].facts;
    threads_.emplace(static_cast<std::uint64_t>(facts.tid), i);
    // Neither the agent nor a main thread that has ended can wake anybody.
    const bool acts = !facts.is_agent && facts.wait.reason != WaitReason::kExited;
    graph_.add(acts ? Role::kActor : Role::kResource, Needs::kNothing);
  }
  for (std::size_t i = 0; i < look.tasks().size(); ++i) {
    const Task& task = look.tasks()[i];
    tasks_.emplace(task.id, i);
    if (task.parent != 0) {
      children_[task.parent].push_back(i);
    }
    if (const auto thread = thread_with(static_cast<std::uint64_t>(task.tid));
        task.state == TaskState::kRunning && thread) {
      running_.emplace(*thread, i);
    }
    graph_.add(Role::kActor, Needs::kNothing);
  }
  for (const protocol::WaitObject& object : look.objects) {
    objects_.emplace(object.address, &object);
  }
  for (const protocol::AnnouncedWait& wait : look.announced) {
    announced_.emplace(wait.tid, &wait);
  }
  find_workers();
  for (std::size_t i = 0; i < look.threads().size(); ++i) {
    add_thread_wait(i);
  }
  for (std::size_t i = 0; i < look.threads().size(); ++i) {
    add_rwlock_read(i);  // Behind writers, who are known now.
  }
  for (std::size_t i = 0; i < look.tasks().size(); ++i) {
    add_task(i);
  }
}

std::optional<Who> WaitGraph::actor(Node node) const {
  const std::size_t threads = look_.threads().size();
  if (node < threads) {
    return Who{true, node};
  }
  return node < waited_for_.size() ? std::optional(Who{false, node - threads}) : std::nullopt;
}

const Resource* WaitGraph::resource(Node node) const {
  return node < waited_for_.size() ? nullptr : &resources_[node - waited_for_.size()];
}

std::optional<std::size_t> WaitGraph::task_on(std::size_t thread) const {
  const auto found = running_.find(thread);
  return found == running_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::size_t> WaitGraph::thread_with(std::uint64_t tid) const {
  const auto found = threads_.find(tid);
  return found == threads_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::size_t> WaitGraph::task_with(std::uint64_t id) const {
  const auto found = tasks_.find(id);
  return found == tasks_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Node> WaitGraph::waited_for(const Who& who) const {
  return waited_for_[node_of(who)];
}

void WaitGraph::find_workers() {
  for (const protocol::ThreadExecutors& known : look_.thread_executors) {
    if (const auto thread = thread_with(static_cast<std::uint64_t>(known.tid))) {
      executors_of_[*thread] = known;
    }
  }
  idle_.resize(look_.threads().size());
  for (std::size_t i = 0; i < look_.threads().size(); ++i) {
    const ReportThread& thread = look_.threads()[i];
    if (thread.facts.is_agent) {
      continue;
    }
    const ExecutorThread found = executor_thread(look_.stacks, thread);
    if (found != ExecutorThread::kNone || task_on(i)) {
      workers_.push_back(i);
      idle_[i] = found == ExecutorThread::kIdle && !task_on(i);
      continue;
    }
    // A pool of the program's own may wait like this for something to do.
    const WaitReason reason = thread.facts.wait.reason;
    const bool is_main = thread.facts.tid == look_.stacks.process.namespace_pid;
    more_workers_ = more_workers_ || (!is_main && (reason == WaitReason::kConditionWait ||
                                                   reason == WaitReason::kFutex ||
                                                   reason == WaitReason::kSemaphore));
  }
}

WaitGraph::Found WaitGraph::resource_node(ResourceKind kind, std::uint64_t address, Needs needs,
                                          Part part) {
  if (address == 0 && part == kWhole) {
    address = graph_.size();  // Nobody else waits for the same one, for all that is known.
    part = kAddressless;
  }
  const auto [entry, is_new] = resource_nodes_.try_emplace(Key{address, part}, 0);
  if (is_new) {
    entry->second = graph_.add(Role::kResource, needs);
    resources_.push_back({kind, part == kAddressless ? 0 : address, {}, 0, {}});
  }
  return {entry->second, is_new};
}

void WaitGraph::wait_for(Node actor, Node resource) {
  graph_.set_needs(actor, Needs::kAll);
  graph_.connect(actor, resource);
  waited_for_[actor] = resource;
}

void WaitGraph::add_holder(Node resource, TaskOwner owner, std::uint64_t id) {
  Resource& what = resources_[resource - waited_for_.size()];
  switch (owner) {
    case TaskOwner::kNone:
      return;  // Nobody: whoever waits for all of its holders waits for none.
    case TaskOwner::kTask:
      if (const auto task = task_with(id)) {
        graph_.connect(resource, node_of({false, *task}));
      } else {
        graph_.set_needs(resource, Needs::kNothing);  // Younger than this look at tasks.
      }
      return;
    case TaskOwner::kThread:
      if (const auto thread = thread_with(id)) {
        graph_.connect(resource, node_of({true, *thread}));
      } else {
        graph_.set_needs(resource, Needs::kNothing);
      }
      return;
    case TaskOwner::kGone:
    case TaskOwner::kGoneThread:
      what.gone.push_back({owner == TaskOwner::kGoneThread, id});
      if (graph_.needs(resource) == Needs::kAll) {
        graph_.set_needs(resource, Needs::kNever);
      }
      return;
  }
}

void WaitGraph::wait_for_holder(Node actor, ResourceKind kind, std::uint64_t address,
                                TaskOwner owner, std::uint64_t id, const std::string& detail) {
  const auto [node, is_new] = resource_node(kind, address, Needs::kAll);
  if (is_new) {
    resources_.back().detail = detail;
    add_holder(node, owner, id);
  }
  wait_for(actor, node);
}

void WaitGraph::wait_for_object(Node actor, ResourceKind kind, const protocol::WaitObject& object) {
  const auto [node, is_new] = resource_node(kind, object.address, Needs::kAll);
  wait_for(actor, node);
  if (!is_new) {
    return;
  }
  const bool unknown_ones =
      object.any ? !object.sealed || object.unlisted > 0 : !object.sealed && object.holders.empty();
  if (object.unlisted > 0 && !object.any) {
    resources_.back().unnamed_holders = object.unlisted;
  }
  if (unknown_ones) {
    graph_.set_needs(node, Needs::kAnybody);
  } else if (object.any) {
    graph_.set_needs(node, Needs::kAny);
  } else if (object.holders.empty()) {
    // A group whose members are all known, and none is left.
    graph_.set_needs(node, object.unlisted == 0 ? Needs::kNever : Needs::kAnybody);
  }
  for (const protocol::HolderFacts& holder : object.holders) {
    add_holder(node, holder.kind, holder.id);
  }
}

void WaitGraph::wait_for_anybody(Node actor, ResourceKind kind, std::uint64_t address,
                                 bool signals) {
  // sem_post may be called in signal handlers, a futex woken.
  const bool from_outside = signals && look_.caught_signals != 0;
  wait_for(actor,
           resource_node(kind, address, from_outside ? Needs::kNothing : Needs::kAnybody).node);
}

void WaitGraph::add_announced_wait(std::size_t index, const protocol::AnnouncedWait& wait) {
  const auto kind = kind_of(wait.reason);
  if (!kind) {
    return;
  }
  const Node node = node_of({true, index});
  if (const auto object = objects_.find(wait.object); object != objects_.end()) {
    wait_for_object(node, *kind, *object->second);
  } else if (needs_holder(*kind) || wait.holder.kind != TaskOwner::kNone) {
    wait_for_holder(node, *kind, wait.object, wait.holder.kind, wait.holder.id, wait.detail);
  } else {
    wait_for_anybody(node, *kind, wait.object, false);
  }
}

void WaitGraph::add_thread_wait(std::size_t index) {
  const protocol::ThreadFacts& facts = look_.threads()[index].facts;
  const Wait& wait = facts.wait;
  if (facts.is_agent || wait.timed || is_shared(wait) || wait.reason == WaitReason::kRunning ||
      wait.reason == WaitReason::kRunnable) {
    return;
  }
  if (wait.inferred && owner_kind(wait.owner_state) == TaskOwner::kGoneThread) {
    return;  // Deduced from what lies in memory: too little to say that nobody holds it any more.
  }
  if (const auto announced = announced_.find(facts.tid); announced != announced_.end()) {
    add_announced_wait(index, *announced->second);
    return;
  }
  const Node node = node_of({true, index});
  const TaskOwner owner = owner_kind(wait.owner_state);
  const auto owner_id = static_cast<std::uint64_t>(wait.owner_tid);
  const auto held = [&](ResourceKind kind) {
    // Without an owner it is being handed over.
    wait_for_holder(node, kind, wait.object, owner, owner_id, wait.detail);
  };
  switch (wait.reason) {
    case WaitReason::kMutexLock:
      return held(ResourceKind::kMutex);
    case WaitReason::kStdioLock:
      return held(ResourceKind::kStdioLock);
    case WaitReason::kRwlockWrite:
      if (owner == TaskOwner::kNone && wait.readers > 0) {
        // glibc counts readers and knows none.
        const auto found = resource_node(ResourceKind::kRwlock, wait.object, Needs::kAnybody);
        resources_[found.node - waited_for_.size()].unnamed_holders = wait.readers;
        return wait_for(node, found.node);
      }
      return held(ResourceKind::kRwlock);
    case WaitReason::kRwlockRead:
      if (owner != TaskOwner::kNone) {
        held(ResourceKind::kRwlock);
      }
      return;  // Else see add_rwlock_read.
    case WaitReason::kJoin:
      if (owner == TaskOwner::kThread) {
        const auto found = resource_node(ResourceKind::kJoin, owner_id, Needs::kAll, kThreadEnd);
        if (found.is_new) {
          add_holder(found.node, owner, owner_id);
        }
        wait_for(node, found.node);
      }
      return;
    case WaitReason::kMallocLock:
      return wait_for_anybody(node, ResourceKind::kMallocLock, wait.object, false);
    case WaitReason::kCallOnce:
    case WaitReason::kStaticInitialization:
      return wait_for_anybody(node, ResourceKind::kOnce, wait.object, false);
    case WaitReason::kConditionWait:
      return wait_for_anybody(node, ResourceKind::kCondition, wait.object, false);
    case WaitReason::kFuture:
      return wait_for_anybody(node, ResourceKind::kFuture, wait.object, false);
    case WaitReason::kBarrier:
      return wait_for_anybody(node, ResourceKind::kBarrier, wait.object, false);
    case WaitReason::kSemaphore:
      return wait_for_anybody(node, ResourceKind::kSemaphore, wait.object, true);
    case WaitReason::kFutex:
      return wait_for_anybody(node, ResourceKind::kFutex, wait.object, true);
    case WaitReason::kEpoll:
      if (!idle_[index]) {
        return;  // Asio's loop keeps its eventfd to itself; of others that is not known.
      }
      for (const protocol::EventPoll& poll : look_.event_polls) {
        if (poll.fd == wait.fd && poll.watched > 0 && poll.external == 0) {
          const auto fd = static_cast<std::uint64_t>(static_cast<std::uint32_t>(poll.fd));
          return wait_for(
              node, resource_node(ResourceKind::kEventLoop, fd, Needs::kAnybody, kEvents).node);
        }
      }
      return;
    default:
      return;
  }
}

void WaitGraph::add_rwlock_read(std::size_t index) {
  const protocol::ThreadFacts& facts = look_.threads()[index].facts;
  const Wait& wait = facts.wait;
  const Node node = node_of({true, index});
  if (wait.reason != WaitReason::kRwlockRead || waited_for_[node] || wait.timed ||
      is_shared(wait) || wait.readers == 0) {
    return;
  }
  // Others read it and no one writes: only a writer that waits keeps a reader out.
  const auto found = resource_node(ResourceKind::kRwlock, wait.object, Needs::kAll, kReadSide);
  if (found.is_new) {
    bool any_writer = false;
    for (std::size_t other = 0; other < look_.threads().size(); ++other) {
      const Wait& its = look_.threads()[other].facts.wait;
      if (its.reason == WaitReason::kRwlockWrite && its.object == wait.object) {
        graph_.connect(found.node, node_of({true, other}));
        any_writer = true;
      }
    }
    resources_[found.node - waited_for_.size()].unnamed_holders = any_writer ? 0 : wait.readers;
  }
  wait_for(node, found.node);
}

}  // namespace xgops::cli
