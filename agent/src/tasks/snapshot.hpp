// SPDX-License-Identifier: MIT
// A look at all tasks while they go on.
#pragma once

#include "tasks/raw_records.hpp"
#include "tasks/registry.hpp"
#include "xgops/detail/task_record.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace xgops::tasks {

/// One frame of a chain: where it awaits, as `CodeLocation` encodes it. 0: it was not suspended
/// yet.
struct FrameSite {
  std::uint64_t location = 0;
  std::uint64_t function = 0;
  std::uint64_t node = 0;  ///< Its address, for `Registry::frame_bytes`.
};

/// Whether what was read of a task belongs together.
enum class Consistency : std::uint8_t {
  kExact,    ///< It is as it was at one moment.
  kMoving,   ///< It ran meanwhile; the chain is what was there at the time.
  kPartial,  ///< Frames are missing: there are more than asked for, or they cannot be read.
};

/// One task as it was read. Pointers lead into the host's static data and may be stale.
struct TaskSighting {
  std::uint64_t id = 0;
  const RawRecord* record = nullptr;  ///< For `DetailTable::read_of`; stays readable.
  std::uint64_t parent = 0;
  detail::TaskStateBits state = detail::kTaskFree;
  detail::TaskArgumentBits argument_kind = detail::kArgumentNone;
  Consistency consistency = Consistency::kExact;
  std::uint64_t operation = 0;  ///< Address of a `TaskOperation`; 0 unless it waits.
  std::uint64_t argument = 0;
  std::uint64_t created_at = 0;  ///< As `CodeLocation::word`.
  std::uint32_t since = 0;  ///< As `coarse_ticks`; of a running task: when it last began to wait.
  std::uint32_t resumed = 0;
  std::uint32_t tid = 0;       ///< Of a running task.
  std::uint16_t executor = 0;  ///< Its number; 0: not known.
  /// Innermost first.
  std::span<const FrameSite> frames;
};

/// Nanoseconds from `since` to `now`, both as `coarse_ticks`.
[[nodiscard]] constexpr std::int64_t age_between(std::uint32_t since, std::uint32_t now) noexcept {
  const std::uint32_t ticks = now - since;
  constexpr std::uint32_t kFuture = 0xff000000;  // It was noted after `now` was read.
  return ticks >= kFuture
             ? 0
             : std::int64_t{ticks} * (1'000'000'000 / std::int64_t{detail::kTicksPerSecond});
}

struct SnapshotOptions {
  std::size_t max_frames = 256;
  std::uint64_t only_id = 0;  ///< 0: all.
  /// Asked now and then: true ends the snapshot.
  std::function<bool()> cancelled;
};

struct SnapshotSummary {
  std::uint64_t total = 0;
  std::uint64_t running = 0;
  std::uint64_t dropped = 0;  ///< Live tasks that changed whenever they were read.
  bool cancelled = false;
};

/// Reads tasks; keeps its buffers between uses. For one thread at a time, the host's threads never
/// wait for it. Cost: 20 to 100 ns a task.
class TaskReader {
 public:
  using Visitor = std::function<void(const TaskSighting&)>;

  explicit TaskReader(const Registry& registry) : registry_(registry) {}

  SnapshotSummary read(const SnapshotOptions& options, const Visitor& visit);

 private:
  /// One task whose chain is being followed.
  struct Lane {
    const RawRecord* record = nullptr;
    std::uint32_t sequence = 0;
    std::uint64_t next = 0;  ///< Address of the next node; 0: the chain is complete.
    TaskSighting task = {};
    std::size_t frames = 0;
    std::size_t steps = 0;  ///< Nodes followed, hidden ones too.
  };
  // Chains are followed side by side, so that their cache misses overlap.
  static constexpr std::size_t kLanes = 32;

  [[nodiscard]] RecordOutcome begin(Lane& lane, const RawRecord& record) const noexcept;
  /// One more frame. The chain ends where memory cannot be read.
  void step(Lane& lane, FrameSite* sites, std::size_t max_frames) const noexcept;
  [[nodiscard]] static bool still_valid(const Lane& lane) noexcept;
  void follow_all(std::size_t lanes, const SnapshotOptions& options, const Visitor& visit);
  void deliver(Lane& lane, const FrameSite* sites, const Visitor& visit);
  /// Again, by itself: it changed while it was read with others.
  void read_again(const RawRecord& record, const SnapshotOptions& options, const Visitor& visit);
  /// Both at one moment? A running task's chain is read twice and must be the same.
  void confirm_running(Lane& lane, const FrameSite* sites, std::size_t max_frames);

  const Registry& registry_;
  std::vector<Lane> lanes_{kLanes};
  std::vector<FrameSite> sites_;
  std::vector<FrameSite> second_;
  SnapshotSummary summary_;
};

}  // namespace xgops::tasks
