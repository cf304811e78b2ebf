// SPDX-License-Identifier: MIT
// DUMP ZONE: see system.hpp for the rules.
// Writes what tasks keep of themselves.
#pragma once

#include "dump/line_writer.hpp"
#include "dump/safe_memory.hpp"
#include "tasks/arena.hpp"
#include "tasks/details.hpp"
#include "tasks/raw_records.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace xgops::dump {

/// Where the tasks of the process are; all null: it has none.
struct TaskPlaces {
  const tasks::Arena* records = nullptr;
  const tasks::Arena* frames = nullptr;
  const tasks::DetailTable* details = nullptr;
};

struct TaskTotals {
  std::uint64_t total = 0;
  std::uint64_t running = 0;
  std::uint64_t changed = 0;  ///< Live tasks that changed whenever they were read.
  bool truncated = false;     ///< The deadline or the limit of tasks came first.
};

class Tasks {
 public:
  static constexpr std::size_t kMaxTasks = 10'000;
  static constexpr std::size_t kMaxFrames = 64;

  explicit Tasks(SafeMemory& memory) noexcept : memory_(memory) {}

  void prepare(const TaskPlaces& places) noexcept { places_ = places; }
  /// Writes the live tasks. `own_tid`: the thread that calls.
  void write(std::int32_t own_tid, std::int64_t deadline_ns, LineWriter& lines) noexcept;
  [[nodiscard]] const TaskTotals& totals() const noexcept { return totals_; }

 private:
  struct Site {
    std::uint64_t location = 0;
    std::uint64_t function = 0;
  };
  struct Sighting {
    const tasks::RawRecord* at = nullptr;
    tasks::RecordCopy record;
    std::size_t frames = 0;
    bool partial = false;
    bool moving = false;
  };

  tasks::RecordOutcome read(const tasks::RawRecord& record, Sighting& seen) noexcept;
  void follow(std::uint64_t node, Sighting& seen) noexcept;
  void write_task(const Sighting& seen, LineWriter& lines) noexcept;
  void write_wait(const Sighting& seen, LineWriter& lines) noexcept;
  void write_place(const Site& site, LineWriter& lines) noexcept;

  SafeMemory& memory_;
  TaskPlaces places_;
  TaskTotals totals_;
  std::int32_t own_tid_ = 0;
  std::array<Site, kMaxFrames> sites_{};
  std::array<char, 512> text_;   // NOLINT(*-member-init)
  std::array<char, 512> other_;  // NOLINT(*-member-init)
};

}  // namespace xgops::dump
