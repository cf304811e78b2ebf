// SPDX-License-Identifier: MIT
// Why a dump was written that a process left behind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace xgops::cli {

/// A thread that got a signal.
struct DumpSignal {
  std::int32_t tid = 0;
  std::int32_t signal = 0;
  std::int32_t code = 0;                 ///< siginfo_t::si_code.
  std::optional<std::uint64_t> address;  ///< Of a fault.
  std::int32_t sender = 0;               ///< The process that sent it; 0: the kernel.
};

struct DumpFacts {
  std::string id;                   ///< "PID.N": the N-th dump of the process.
  bool is_crash = false;            ///< Else it was asked for.
  DumpSignal signal;                ///< Why; `tid` is the thread that wrote it.
  std::vector<DumpSignal> others;   ///< Threads that crashed meanwhile.
  std::uint64_t time_ns = 0;        ///< Since 1970, UTC.
  bool ended = false;               ///< Its last line is there.
  std::uint64_t missing_lines = 0;  ///< Of those before the last one that is there.
  std::uint64_t damaged_lines = 0;
  std::vector<std::string> notes;  ///< What the process had to say. Untrusted text.

  [[nodiscard]] bool complete() const noexcept {
    return ended && missing_lines == 0 && damaged_lines == 0;
  }
  /// What happened to the thread; null: nothing.
  [[nodiscard]] const DumpSignal* crash_of(std::int32_t tid) const noexcept {
    if (is_crash && signal.tid == tid) {
      return &signal;
    }
    for (const DumpSignal& other : others) {
      if (other.tid == tid) {
        return &other;
      }
    }
    return nullptr;
  }
};

}  // namespace xgops::cli
