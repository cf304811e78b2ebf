// SPDX-License-Identifier: MIT
#include "tasks/snapshot.hpp"

#include "support/own_memory.hpp"

#include <algorithm>
#include <array>
#include <atomic>

namespace xgops::tasks {
namespace {

using detail::TaskNode;

constexpr int kTries = 8;
// How often the caller is asked whether to go on.
constexpr std::size_t kRecordsBetweenQuestions = 16'384;

void prefetch(const Arena& arena, std::uint64_t address) noexcept {
  if (arena.contains(address, sizeof(TaskNode))) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): addresses are what nodes hold.
    __builtin_prefetch(reinterpret_cast<const void*>(address));
  }
}

}  // namespace

RecordOutcome TaskReader::begin(Lane& lane, const RawRecord& record) const noexcept {
  RecordCopy copy;
  const RecordOutcome outcome = copy_record(record, copy);
  if (outcome != RecordOutcome::kSeen) {
    return outcome;
  }
  lane = {.record = &record, .sequence = copy.sequence, .next = copy.top};
  prefetch(registry_.frames(), lane.next);
  TaskSighting& task = lane.task;
  task.id = copy.id();
  task.state = copy.state();
  task.argument_kind = copy.argument_kind();
  task.parent = copy.parent();
  task.executor = detail::executor_of(copy.parent_word);
  task.resumed = copy.resumed;
  task.created_at = copy.created_at;
  task.since = copy.since;
  task.record = &record;
  task.operation = copy.operation;
  task.argument = copy.is_running() ? 0 : copy.argument;
  task.tid = copy.is_running() ? static_cast<std::uint32_t>(copy.argument) : 0;
  return outcome;
}

void TaskReader::step(Lane& lane, FrameSite* sites, std::size_t max_frames) const noexcept {
  NodeCopy node;
  if (!copy_node(registry_.frames(), lane.next, support::copy_own_memory, node)) {
    lane.task.consistency = Consistency::kPartial;
    lane.next = 0;
    return;
  }
  if (node.location != TaskNode::kHidden) {
    sites[lane.frames++] = {node.location, node.function, lane.next};
  }
  lane.next = node.caller;
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

bool TaskReader::still_valid(const Lane& lane) noexcept {
  return is_unchanged(*lane.record, lane.sequence);
}

void TaskReader::confirm_running(Lane& lane, const FrameSite* sites, std::size_t max_frames) {
  second_.resize(max_frames);
  Lane again;
  const bool same =
      begin(again, *lane.record) == RecordOutcome::kSeen && again.sequence == lane.sequence && [&] {
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

void TaskReader::read_again(const RawRecord& record, const SnapshotOptions& options,
                            const Visitor& visit) {
  Lane lane;
  for (int i = 0; i < kTries; ++i) {
    const RecordOutcome outcome = begin(lane, record);
    if (outcome == RecordOutcome::kNotLive) {
      return;
    }
    if (outcome == RecordOutcome::kMoved) {
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
  const std::span<const RawRecord> records = registry_.records();
  std::size_t lanes = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i % kRecordsBetweenQuestions == 0 && options.cancelled && options.cancelled()) {
      summary_.cancelled = true;
      break;
    }
    const RawRecord& record = records[i];
    const std::uint64_t identity = record.identity.load(std::memory_order_relaxed);
    if ((identity & 0xff) == detail::kTaskFree ||
        (options.only_id != 0 && (identity >> detail::kIdShift) != options.only_id)) {
      continue;
    }
    switch (begin(lanes_[lanes], record)) {
      case RecordOutcome::kNotLive:
        break;
      case RecordOutcome::kMoved:
        read_again(record, options, visit);
        break;
      case RecordOutcome::kSeen:
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
