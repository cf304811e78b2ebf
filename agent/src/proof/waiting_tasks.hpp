// SPDX-License-Identifier: MIT
// The tasks that may wait for ever, and how far marks have come to them.
#pragma once

#include "proof/block_map.hpp"
#include "proof/marker.hpp"
#include "proof/scratch.hpp"
#include "proof/verdict.hpp"
#include "tasks/raw_records.hpp"
#include "tasks/registry.hpp"
#include "xgops/tasks.hpp"

#include <cstdint>
#include <span>

namespace xgops::proof {

/// A task that waits for something that we know, and its frames.
struct WaitingTask {
  std::uint64_t id = 0;
  std::uint32_t sequence = 0;
  std::uint32_t resumed = 0;
  std::uint64_t object = 0;  ///< What it waits for: an address, or the id of a task.
  std::uint64_t parent = 0;  ///< The task that created it; 0: none.
  std::uint32_t first_frame = 0;
  std::uint32_t frames = 0;
  std::uint32_t next_waiter = 0;  ///< The next task that waits for the same, + 1.
  bool waits_for_task = false;
  bool waits_for_children = false;  ///< For all or the first of several tasks that it created.
  bool has_waiting_child = false;
  bool asio_channel = false;
  bool frame_reached = false;
  bool followed = false;  ///< What its frames hold counts.
  Reached reached = Reached::kByNobody;
  Origin origin = {};
};

/// Whether such a wait ends only by what is waited for, and that is known.
[[nodiscard]] bool is_provable(WaitReason reason, detail::TaskArgumentBits kind) noexcept;

/// In the child: reads the records, then answers the marker.
class WaitingTasks {
 public:
  WaitingTasks(const tasks::Registry& registry, BlockMap& blocks, Scratch& scratch) noexcept
      : registry_(registry),
        blocks_(blocks),
        tasks_(scratch),
        frames_(scratch),
        live_frames_(scratch),
        places_(scratch),
        live_ids_(scratch),
        live_parents_(scratch),
        operations_(scratch),
        followed_(scratch),
        marker_(blocks, scratch, &WaitingTasks::on_special, this) {}

  /// All of it. False: there is no memory, or the records contradict the heap.
  [[nodiscard]] bool collect() noexcept;
  /// What tasks that go on by themselves lead to. After all roots were given to `marker`.
  void follow_live_tasks() noexcept;
  /// Decides all.
  void decide() noexcept;

  [[nodiscard]] Marker& marker() noexcept { return marker_; }
  [[nodiscard]] std::span<const WaitingTask> tasks() const noexcept { return tasks_.view(); }
  [[nodiscard]] std::uint64_t live_tasks() const noexcept { return live_tasks_; }
  /// Of which task `address` is in a frame; 0: of none that waits.
  [[nodiscard]] std::uint64_t owner_of(std::uint64_t address) const noexcept;

 private:
  /// What a block is to tasks.
  struct Place {
    std::uint64_t block = 0;   ///< Or the id of a task that is waited for, with `kTaskKey`.
    std::uint32_t owner = 0;   ///< The task one of whose frames it is, + 1.
    std::uint32_t waiter = 0;  ///< The first of those that wait for something in it, + 1.
  };
  /// A task whose frames count from now on.
  struct Followed {
    std::uint32_t number = 0;
    Origin origin;
  };
  struct Operation {
    std::uint64_t address = 0;
    WaitReason reason = WaitReason::kNone;
    bool channel = false;
  };
  static constexpr std::uint64_t kTaskKey = std::uint64_t{1} << 63;

  static bool on_special(void* context, const Block& block, const Origin& origin);

  void add(const tasks::RecordCopy& record) noexcept;
  [[nodiscard]] bool add_frames(std::uint64_t top, ScratchArray<Block>& frames) noexcept;
  void add_live(std::uint64_t id, std::uint64_t parent, std::uint64_t top, bool moves) noexcept;
  [[nodiscard]] const Operation& operation_at(std::uint64_t address) noexcept;
  [[nodiscard]] Place* place(std::uint64_t key, bool make) noexcept;
  [[nodiscard]] bool make_places() noexcept;
  void connect(WaitingTask& task, std::uint32_t number) noexcept;
  /// The task that waits for all tasks it created, `child` among them; 0: none does.
  [[nodiscard]] std::uint32_t waiting_parent_of(const WaitingTask& child) noexcept;
  /// Whether a task that goes on by itself can end the wait of `task` for other tasks.
  [[nodiscard]] bool waits_for_live_task(const WaitingTask& task) noexcept;
  void follow_waiters(std::uint32_t first, const Origin& origin) noexcept;
  void follow(std::uint32_t number, Reached how, const Origin& origin) noexcept;
  /// Until no task is left whose frames are to be followed.
  void finish_following() noexcept;
  /// How what follows from a task is reached.
  [[nodiscard]] Reached derived() const noexcept {
    return second_phase_ ? Reached::kFromOthersOnly : Reached::kByProgram;
  }

  const tasks::Registry& registry_;
  BlockMap& blocks_;
  ScratchArray<WaitingTask> tasks_;
  ScratchArray<Block> frames_;
  ScratchArray<Block> live_frames_;  ///< Of tasks that go on by themselves.
  ScratchArray<Place> places_;       ///< Open addressing.
  ScratchArray<std::uint64_t> live_ids_;
  ScratchArray<std::uint64_t> live_parents_;  ///< Of those: who created them.
  ScratchArray<Operation> operations_;        ///< Open addressing.
  ScratchArray<Followed> followed_;
  Marker marker_;
  bool second_phase_ = false;
  std::uint64_t live_tasks_ = 0;
  bool free_frame_ = false;    ///< Among those that were added last.
  bool contradicted_ = false;  ///< Frames of waiting tasks are free, or of two tasks.
};

}  // namespace xgops::proof
