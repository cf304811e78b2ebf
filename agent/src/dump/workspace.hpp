// SPDX-License-Identifier: MIT
// DUMP ZONE: see system.hpp for the rules.
// All memory that a dump needs, and the writing of one.
#pragma once

#include "dump/line_writer.hpp"
#include "dump/modules.hpp"
#include "dump/safe_memory.hpp"
#include "dump/tasks.hpp"
#include "dump/threads.hpp"
#include "unwind/registers.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace xgops::dump {

/// What was decided when dumps were turned on. Not changed afterwards.
struct Settings {
  static constexpr std::size_t kMaxPathBytes = 1024;
  std::array<char, kMaxPathBytes> path{};  ///< Absolute, %p: the pid. Empty: stderr.
  std::array<char, 256> program{};         ///< The name of the program's file.
  std::array<char, 32> version{};          ///< The agent's.
  std::int32_t capture_signal = 0;         ///< 0: running threads get none.
  TaskPlaces tasks;
};

/// Why a dump is written, and by whom.
struct Occasion {
  bool is_crash = false;
  std::int32_t tid = 0;
  const Fault* fault = nullptr;
  std::span<const Fault> others;  ///< Threads that crashed too, and wait.
  std::int32_t agent_tid = 0;
};

/// Made once, in zeroed pages of its own. One thread at a time.
class Workspace {
 public:
  explicit Workspace(const Settings& settings) noexcept;
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  /// Does everything that a dump does but for its output, so that no page, symbol or file is met
  /// for the first time in a thread that has crashed.
  void warm_up() noexcept;
  /// Writes a dump. Cost: 30 us a thread, 1 us a frame of a task; at most `kPatienceNs`.
  void write(const Occasion& occasion) noexcept;
  /// The same from a thread of the agent's, with no signal as the reason.
  void write_without_signal() noexcept;

  /// A dump takes no longer, however slow those are who take it.
  static constexpr std::int64_t kPatienceNs = 10'000'000'000;

  [[nodiscard]] Modules& modules() noexcept { return modules_; }

 private:
  [[nodiscard]] long open_output(std::int32_t pid) noexcept;
  void write_head(const Occasion& occasion, std::int32_t pid) noexcept;
  void write_other_faults(const Occasion& occasion) noexcept;
  static void write_fault(const Fault& fault, LineWriter& lines) noexcept;

  const Settings settings_;
  std::uint32_t count_ = 0;  ///< Dumps written so far.
  SafeMemory memory_;
  LineWriter lines_;
  Modules modules_;
  Threads threads_;
  Tasks tasks_;
  std::array<char, Settings::kMaxPathBytes + 64> path_{};
};

}  // namespace xgops::dump
