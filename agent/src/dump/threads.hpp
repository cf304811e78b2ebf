// SPDX-License-Identifier: MIT
// DUMP ZONE: see system.hpp for the rules.
// Reads the threads of this process, as threads/ does, without memory of its own.
#pragma once

#include "dump/line_writer.hpp"
#include "dump/modules.hpp"
#include "dump/safe_memory.hpp"
#include "signal_safe/capture_slot.hpp"
#include "unwind/unwinder.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace xgops::dump {

/// One signal that a thread got.
struct Fault {
  std::atomic<std::int32_t> tid{0};  ///< 0: the entry is empty, or being filled.
  std::int32_t signal = 0;
  std::int32_t code = 0;
  std::int32_t sender = 0;
  std::uint64_t address = 0;
  unwind::Registers registers;  ///< When it happened: the thread waits in our handler since.
};

struct ThreadTotals {
  std::uint64_t written = 0;
  std::uint64_t ended = 0;        ///< Threads that ended while they were read.
  std::uint64_t interrupted = 0;  ///< Threads that ran and got the capture signal.
  bool truncated = false;         ///< The deadline or the limit of threads came first.
};

class Threads {
 public:
  static constexpr std::size_t kMaxThreads = 10'000;
  static constexpr std::size_t kMaxFrames = 256;

  explicit Threads(SafeMemory& memory) noexcept : memory_(memory), unwinder_(memory) {}

  /// `capture_signal`: for threads that run; 0: they get none. The handler is installed.
  void prepare(std::int32_t capture_signal) noexcept { capture_signal_ = capture_signal; }
  void use(const Modules& modules) noexcept;

  /// Writes the thread that calls, as `registers` say it was before its signal handler.
  void write_own(std::int32_t tid, const unwind::Registers& registers, LineWriter& lines) noexcept;
  /// Writes all other threads. Those in `faults` as they were when they crashed.
  void write_others(std::int32_t own_tid, std::int32_t agent_tid, std::span<const Fault> faults,
                    std::int64_t deadline_ns, LineWriter& lines) noexcept;

  [[nodiscard]] const ThreadTotals& totals() const noexcept { return totals_; }
  void reset() noexcept { totals_ = {}; }

 private:
  /// What is known of the thread that is being read.
  struct Facts {
    std::int32_t tid = 0;
    bool is_agent = false;
    char state = '?';
    std::int64_t call = -1;  ///< Number of its system call; -1: none.
    std::array<std::uint64_t, 6> arguments{};
    std::uint64_t cpu_ns = 0;
    std::string_view status;
    std::string_view method;
    std::string_view reason;
    std::size_t frames = 0;
    bool truncated = false;
  };
  enum class Attempt : std::uint8_t { kDone, kRunning, kMoved, kGone, kNotReadable };

  std::string_view read_file(std::int32_t tid, std::string_view name,
                             std::span<char> buffer) noexcept;
  Attempt attempt(Facts& facts) noexcept;
  /// How often the thread was scheduled. False: it cannot be told.
  bool read_schedule(Facts& facts, std::uint64_t& times) noexcept;
  void walk(const unwind::Registers& registers, Facts& facts) noexcept;
  void read_other(Facts& facts, std::int64_t deadline_ns, LineWriter& lines) noexcept;
  [[nodiscard]] std::string_view reason_not_to_signal(std::int32_t tid) noexcept;
  bool ask_by_signal(Facts& facts, std::int64_t deadline_ns) noexcept;
  void write(const Facts& facts, LineWriter& lines) noexcept;
  void write_stopped(std::int32_t tid, const unwind::Registers& registers,
                     LineWriter& lines) noexcept;

  SafeMemory& memory_;
  unwind::Unwinder unwinder_;
  std::int32_t capture_signal_ = 0;
  std::uint32_t generation_ = 0;
  int directory_ = -1;
  ThreadTotals totals_;
  std::array<unwind::UnwoundFrame, kMaxFrames> frames_{};
  std::array<signal_safe::CaptureSlot, signal_safe::kDumpSlotCount> slots_;
  std::array<char, 4096> text_;               // NOLINT(*-member-init)
  std::array<char, 4096> directory_entries_;  // NOLINT(*-member-init)
};

}  // namespace xgops::dump
