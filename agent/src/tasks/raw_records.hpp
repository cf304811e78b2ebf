// SPDX-License-Identifier: MIT
// How what tasks keep of themselves is read while they go on. Needs nothing that a handler of a
// crash may not use: snapshots and dumps share it.
#pragma once

#include "tasks/arena.hpp"
#include "xgops/detail/task_record.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace xgops::tasks {

using RawRecord = ::xgops_task_record;

enum class RecordOutcome : std::uint8_t {
  kSeen,     ///< Valid as of when it was read, if `is_unchanged` once all of it has been read.
  kNotLive,  ///< No task, one that is not there yet, or one that has ended.
  kMoved,    ///< It is between two states: read it again.
};

/// A record as it was read.
struct RecordCopy {
  std::uint64_t identity = 0;
  std::uint64_t parent_word = 0;
  std::uint64_t created_at = 0;
  std::uint64_t argument = 0;   ///< Of a running task: its thread.
  std::uint64_t operation = 0;  ///< Address of a `TaskOperation`; 0 unless it waits.
  std::uint64_t top = 0;        ///< Address of the innermost node.
  std::uint32_t sequence = 0;
  std::uint32_t resumed = 0;
  std::uint32_t since = 0;

  [[nodiscard]] std::uint64_t id() const noexcept { return identity >> detail::kIdShift; }
  [[nodiscard]] detail::TaskStateBits state() const noexcept {
    return static_cast<detail::TaskStateBits>(identity & 0xff);
  }
  [[nodiscard]] detail::TaskArgumentBits argument_kind() const noexcept {
    return static_cast<detail::TaskArgumentBits>((identity >> 8) & 0xff);
  }
  [[nodiscard]] bool is_running() const noexcept { return state() == detail::kTaskRunning; }
  [[nodiscard]] std::uint64_t parent() const noexcept {
    return parent_word & detail::kParentIdMask;
  }
};

/// `copy` has the identity in any case.
inline RecordOutcome copy_record(const RawRecord& record, RecordCopy& copy) noexcept {
  constexpr auto kAcquire = std::memory_order_acquire;
  copy.sequence = record.sequence.load(kAcquire);
  copy.identity = record.identity.load(kAcquire);
  const detail::TaskStateBits state = copy.state();
  if (copy.id() == 0 || state == detail::kTaskFree || state == detail::kTaskFinished) {
    return RecordOutcome::kNotLive;
  }
  const bool open = (copy.sequence & 1U) != 0;
  if (open != copy.is_running()) {
    // Being created: it does not exist yet. Else it is between two states.
    return state == detail::kTaskCreated ? RecordOutcome::kNotLive : RecordOutcome::kMoved;
  }
  copy.parent_word = record.parent.load(kAcquire);
  copy.resumed = record.resumed.load(kAcquire);
  copy.created_at = record.created_at.load(kAcquire);
  copy.since = record.since.load(kAcquire);
  copy.argument = record.argument.load(kAcquire);
  copy.operation = state == detail::kTaskWaiting ? record.context.load(kAcquire) : 0;
  copy.top = reinterpret_cast<std::uint64_t>(record.top.load(kAcquire));
  return RecordOutcome::kSeen;
}

/// Whether all that was read since `copy_record` belongs together.
[[nodiscard]] inline bool is_unchanged(const RawRecord& record, std::uint32_t sequence) noexcept {
  return record.sequence.load(std::memory_order_relaxed) == sequence;
}

/// A node of a chain as it was read.
struct NodeCopy {
  std::uint64_t caller = 0;  ///< Address of the next node; 0: there is none.
  std::uint64_t location = 0;
  std::uint64_t function = 0;
};

/// Reads the node at `address`, whose memory may be a frame no more. `copy_memory(address, to,
/// bytes)` returns how many bytes there were. False: it cannot be read.
template <class CopyMemory>
[[nodiscard]] bool copy_node(const Arena& frames, std::uint64_t address, CopyMemory&& copy_memory,
                             NodeCopy& copy) noexcept {
  using detail::TaskNode;
  using detail::TaskNodeWithFunction;
  constexpr auto kAcquire = std::memory_order_acquire;
  if (address % alignof(TaskNode) == 0 && frames.contains(address, sizeof(TaskNodeWithFunction))) {
    // What the arena holds stays readable for ever, whatever it is used for.
    // NOLINTNEXTLINE(performance-no-int-to-ptr): addresses are what nodes hold.
    const auto& node = *reinterpret_cast<const TaskNode*>(address);
    copy.caller = reinterpret_cast<std::uint64_t>(node.caller.load(kAcquire));
    copy.location = node.location.load(kAcquire);
    copy.function = (copy.location >> CodeLocation::kLineShift) != 0
                        ? static_cast<const TaskNodeWithFunction&>(node).function.load(kAcquire)
                        : 0;
    return true;
  }
  // A large frame, one with an allocator of its own, a sanitizer's heap.
  std::array<std::uint64_t, sizeof(TaskNodeWithFunction) / 8> words{};
  // The fourth word may lie beyond the end of what is mapped.
  if (copy_memory(address, words.data(), sizeof words) < sizeof(TaskNode)) {
    return false;
  }
  copy.caller = words[1];
  copy.location = words[2];
  copy.function = (words[2] >> CodeLocation::kLineShift) != 0 ? words[3] : 0;
  return true;
}

/// Where the texts of a place in the source are.
struct PlaceAddresses {
  std::uint64_t file = 0;  ///< 0: the place is not known.
  std::uint64_t function = 0;
  std::uint32_t line = 0;
};

/// What the words of a `CodeLocation` lead to. The module that they point into may be gone.
template <class CopyMemory>
[[nodiscard]] PlaceAddresses place_addresses(std::uint64_t location, std::uint64_t function,
                                             CopyMemory&& copy_memory) noexcept {
  constexpr std::uint64_t kFileMask = (std::uint64_t{1} << CodeLocation::kLineShift) - 1;
  if (const std::uint64_t line = location >> CodeLocation::kLineShift; line != 0) {
    return {location & kFileMask, function, static_cast<std::uint32_t>(line)};
  }
  // As libstdc++ and libc++ lay out std::source_location::__impl.
  struct {
    std::uint64_t file;
    std::uint64_t function;
    std::uint32_t line;
    std::uint32_t column;
  } record{};
  if (location == 0 || copy_memory(location, &record, sizeof record) != sizeof record) {
    return {};
  }
  return {record.file, record.function, record.line};
}

}  // namespace xgops::tasks
