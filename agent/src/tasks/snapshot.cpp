// SPDX-License-Identifier: MIT
#include "tasks/snapshot.hpp"

#include "support/own_memory.hpp"

#include <algorithm>
#include <array>
#include <atomic>

namespace xgops::tasks {
namespace {

using detail::TaskNode;

constexpr auto kAcquire = std::memory_order_acquire;
constexpr int kTries = 8;
// How often the caller is asked whether to go on.
constexpr std::size_t kRecordsBetweenQuestions = 16'384;

/// A node as it was read.
struct NodeCopy {
  std::uint64_t caller = 0;
  FrameSite site;
};

/// The words of a node in the arena, whose memory may be a frame no more and change as we read.
NodeCopy load_node(const TaskNode& node) noexcept {
  NodeCopy copy;
  copy.caller = reinterpret_cast<std::uint64_t>(node.caller.load(kAcquire));
  copy.site.location = node.location.load(kAcquire);
  if ((copy.site.location >> CodeLocation::kLineShift) != 0) {
    copy.site.function =
        static_cast<const detail::TaskNodeWithFunction&>(node).function.load(kAcquire);
  }
  return copy;
}

/// A node somewhere else: a large frame, one with an allocator of its own, a sanitizer's heap.
bool copy_node(std::uint64_t address, NodeCopy& copy) noexcept {
  std::array<std::uint64_t, sizeof(detail::TaskNodeWithFunction) / 8> words{};
  // The fourth word may lie beyond the end of what is mapped.
  const std::size_t bytes = support::copy_own_memory(address, words.data(), sizeof words);
  if (bytes < sizeof(TaskNode)) {
    return false;
  }
  copy.caller = words[1];
  copy.site.location = words[2];
  copy.site.function = (words[2] >> CodeLocation::kLineShift) != 0 ? words[3] : 0;
  return true;
}

void prefetch(const Arena& arena, std::uint64_t address) noexcept {
  if (arena.contains(address, sizeof(TaskNode))) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): addresses are what nodes hold.
    __builtin_prefetch(reinterpret_cast<const void*>(address));
  }
}

}  // namespace

TaskReader::Outcome TaskReader::begin(Lane& lane, const Registry::Record& record) const noexcept {
  lane.record = &record;
  lane.frames = 0;
  lane.steps = 0;
  lane.next = 0;
  lane.sequence = record.sequence.load(kAcquire);
  const std::uint64_t identity = record.identity.load(kAcquire);
  TaskSighting& task = lane.task;
  task.id = identity >> detail::kIdShift;
  task.state = static_cast<detail::TaskStateBits>(identity & 0xff);
  task.argument_kind = static_cast<detail::TaskArgumentBits>((identity >> 8) & 0xff);
  task.consistency = Consistency::kExact;
  if (task.id == 0 || task.state == detail::kTaskFree || task.state == detail::kTaskFinished) {
    return Outcome::kNotLive;
  }
  const bool open = (lane.sequence & 1U) != 0;
  const bool running = task.state == detail::kTaskRunning;
  if (open != running) {
    // Being created: it does not exist yet. Else it is between two states.
    return task.state == detail::kTaskCreated ? Outcome::kNotLive : Outcome::kMoved;
  }
  const std::uint64_t parent = record.parent.load(kAcquire);
  task.parent = parent & detail::kParentIdMask;
  task.executor = detail::executor_of(parent);
  task.resumed = record.resumed.load(kAcquire);
  task.created_at = record.created_at.load(kAcquire);
  task.since = record.since.load(kAcquire);
  task.details = record.details.load(kAcquire);
  const std::uint64_t argument = record.argument.load(kAcquire);
  task.argument = running ? 0 : argument;
  task.tid = running ? static_cast<std::uint32_t>(argument) : 0;
  task.operation = task.state == detail::kTaskWaiting ? record.context.load(kAcquire) : 0;
  lane.next = reinterpret_cast<std::uint64_t>(record.top.load(kAcquire));
  prefetch(registry_.frames(), lane.next);
  return Outcome::kSeen;
}

void TaskReader::step(Lane& lane, FrameSite* sites, std::size_t max_frames) const noexcept {
  NodeCopy node;
  if (lane.next % alignof(TaskNode) == 0 &&
      registry_.frames().contains(lane.next, sizeof(detail::TaskNodeWithFunction))) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): addresses are what nodes hold.
    node = load_node(*reinterpret_cast<const TaskNode*>(lane.next));
  } else if (!copy_node(lane.next, node)) {
    lane.task.consistency = Consistency::kPartial;
    lane.next = 0;
    return;
  }
  node.site.node = lane.next;
  lane.next = node.caller;
  if (node.site.location != TaskNode::kHidden) {
    sites[lane.frames++] = node.site;
  }
  if (lane.next == 0) {
    return;
  }
  // Garbage may lead in a circle.
  if (lane.frames == max_frames || ++lane.steps > 2 * max_frames) {
    lane.task.consistency = Consistency::kPartial;
    lane.next = 0;
    return;
  }
  prefetch(registry_.frames(), lane.next);
}

bool TaskReader::still_valid(const Lane& lane) const noexcept {
  return lane.record->sequence.load(std::memory_order_relaxed) == lane.sequence;
}

void TaskReader::confirm_running(Lane& lane, const FrameSite* sites, std::size_t max_frames) {
  second_.resize(max_frames);
  Lane again;
  const bool same =
      begin(again, *lane.record) == Outcome::kSeen && again.sequence == lane.sequence && [&] {
        while (again.next != 0) {
          step(again, second_.data(), max_frames);
        }
        return still_valid(lane) && again.frames == lane.frames &&
               std::equal(
                   sites, sites + lane.frames, second_.data(),
                   [](const FrameSite& a, const FrameSite& b) { return a.location == b.location; });
      }();
  if (!same && lane.task.consistency == Consistency::kExact) {
    lane.task.consistency = Consistency::kMoving;
  }
}

void TaskReader::deliver(Lane& lane, const FrameSite* sites, const Visitor& visit) {
  ++summary_.total;
  summary_.running += lane.task.state == detail::kTaskRunning ? 1 : 0;
  lane.task.frames = {sites, lane.frames};
  visit(lane.task);
}

void TaskReader::read_again(const Registry::Record& record, const SnapshotOptions& options,
                            const Visitor& visit) {
  Lane lane;
  for (int i = 0; i < kTries; ++i) {
    const Outcome outcome = begin(lane, record);
    if (outcome == Outcome::kNotLive) {
      return;
    }
    if (outcome == Outcome::kMoved) {
      continue;
    }
    while (lane.next != 0) {
      step(lane, sites_.data(), options.max_frames);
    }
    const bool valid = still_valid(lane);
    if (lane.task.state == detail::kTaskRunning && (valid || i + 1 == kTries)) {
      confirm_running(lane, sites_.data(), options.max_frames);
    }
    if (valid || (i + 1 == kTries && lane.task.state == detail::kTaskRunning)) {
      deliver(lane, sites_.data(), visit);
      return;
    }
  }
  ++summary_.dropped;
}

void TaskReader::follow_all(std::size_t lanes, const SnapshotOptions& options,
                            const Visitor& visit) {
  for (bool more = true; more;) {
    more = false;
    for (std::size_t i = 0; i < lanes; ++i) {
      if (lanes_[i].next != 0) {
        step(lanes_[i], &sites_[i * options.max_frames], options.max_frames);
        more = more || lanes_[i].next != 0;
      }
    }
  }
  std::array<bool, kLanes> valid{};
  for (std::size_t i = 0; i < lanes; ++i) {
    Lane& lane = lanes_[i];
    const FrameSite* const sites = &sites_[i * options.max_frames];
    valid[i] = still_valid(lane);
    if (valid[i]) {
      if (lane.task.state == detail::kTaskRunning) {
        confirm_running(lane, sites, options.max_frames);
      }
      deliver(lane, sites, visit);
    }
  }
  for (std::size_t i = 0; i < lanes; ++i) {
    if (!valid[i]) {
      read_again(*lanes_[i].record, options, visit);
    }
  }
}

SnapshotSummary TaskReader::read(const SnapshotOptions& options, const Visitor& visit) {
  summary_ = {};
  sites_.resize(kLanes * options.max_frames);
  const std::span<const Registry::Record> records = registry_.records();
  std::size_t lanes = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i % kRecordsBetweenQuestions == 0 && options.cancelled && options.cancelled()) {
      summary_.cancelled = true;
      break;
    }
    const Registry::Record& record = records[i];
    const std::uint64_t identity = record.identity.load(std::memory_order_relaxed);
    if ((identity & 0xff) == detail::kTaskFree ||
        (options.only_id != 0 && (identity >> detail::kIdShift) != options.only_id)) {
      continue;
    }
    switch (begin(lanes_[lanes], record)) {
      case Outcome::kNotLive:
        break;
      case Outcome::kMoved:
        read_again(record, options, visit);
        break;
      case Outcome::kSeen:
        if (++lanes == kLanes) {
          follow_all(lanes, options, visit);
          lanes = 0;
        }
        break;
    }
  }
  follow_all(lanes, options, visit);
  return summary_;
}

}  // namespace xgops::tasks
