// SPDX-License-Identifier: MIT
// What was read of threads that have slept ever since: most of a second look is the first one's.
#pragma once

#include "threads/cpu_clocks.hpp"
#include "threads/task_files.hpp"
#include "unwind/unwinder.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include <sys/types.h>

namespace xgops::threads {

/// A sleeping thread's registers and stack do not change until it gets a CPU. What others can
/// change meanwhile is not here: its name, the memory of a lock, what a descriptor is.
struct RememberedThread {
  ScheduleFacts schedule;  ///< Equal to the nanosecond: the same thread, and it has not run since.
  SystemCallFacts call;
  char state = 'S';
  KernelWorker worker = KernelWorker::kNone;
  std::size_t max_frames = 0;  ///< That were asked for.
  unwind::Walk walk;
  std::vector<unwind::UnwoundFrame> frames;
  SchedulerStamp stamp;
  std::optional<std::int64_t> last_ran_ns;  ///< CLOCK_MONOTONIC; empty: not known, or not yet.
};

/// For the agent's thread only. Takes at most about 1.5 MiB.
class RememberedThreads {
 public:
  /// Forgets threads that have ended; everything when it has become too much.
  void begin_capture(std::span<const pid_t> living) {
    if (frames_ > kMostFrames) {
      clear();
    }
    std::erase_if(threads_, [&](const auto& entry) {
      const bool lives = std::binary_search(living.begin(), living.end(), entry.first);
      frames_ -= lives ? 0 : entry.second.frames.size();
      return !lives;
    });
  }

  void clear() {
    threads_.clear();
    frames_ = 0;
  }

  /// Null: it is not known, has run since, or other frames were asked for.
  [[nodiscard]] RememberedThread* find(pid_t tid, const ScheduleFacts& now,
                                       std::size_t max_frames) {
    const auto found = threads_.find(tid);
    const bool same = found != threads_.end() && found->second.max_frames == max_frames &&
                      found->second.schedule.times_scheduled == now.times_scheduled &&
                      found->second.schedule.cpu_ns == now.cpu_ns;
    return same ? &found->second : nullptr;
  }

  RememberedThread* remember(pid_t tid, RememberedThread thread) {
    RememberedThread& slot = threads_[tid];
    frames_ += thread.frames.size() - slot.frames.size();
    slot = std::move(thread);
    return &slot;
  }

 private:
  // 24 bytes each: a thousand threads with 40 frames.
  static constexpr std::size_t kMostFrames = 40'000;

  std::unordered_map<pid_t, RememberedThread> threads_;
  std::size_t frames_ = 0;
};

}  // namespace xgops::threads
