// SPDX-License-Identifier: MIT
// A child that has a copy of the program's memory, and nothing else to do with it.
#pragma once

#include "proof/scan.hpp"
#include "proof/verdict.hpp"
#include "support/unique_fd.hpp"

#include <chrono>
#include <functional>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace xgops::proof {

enum class ChildOutcome : std::uint8_t {
  kDone = 0,
  kFailed,     ///< It ended before it was done.
  kLate,       ///< The deadline came first.
  kCancelled,  ///< Nobody wants the answer any more.
};

/// Makes a child with a copy of the memory and of nothing else that the program would notice: no
/// signal when it ends, no hooks of fork. `pidfd` gets a descriptor of it. As fork: the child's id,
/// 0 in the child, or a negative errno.
using Fork = long (*)(int* pidfd);
[[nodiscard]] long raw_fork(int* pidfd);

/// Whether a fork loses nothing of what devices write meanwhile into memory that the program has
/// handed to the kernel: since Linux 6.5. `release`: as uname(2) says it.
[[nodiscard]] bool fork_spares_direct_io(std::string_view release) noexcept;
/// On this system.
[[nodiscard]] bool fork_spares_direct_io() noexcept;

/// Ends the child when destroyed.
class SnapshotChild {
 public:
  explicit SnapshotChild(Fork fork = &raw_fork) noexcept : fork_(fork) {}
  ~SnapshotChild();
  SnapshotChild(const SnapshotChild&) = delete;
  SnapshotChild& operator=(const SnapshotChild&) = delete;

  /// While the program runs.
  [[nodiscard]] bool prepare() noexcept;
  /// While it stands still: allocates nothing. False: refused.
  [[nodiscard]] bool start(const ScanInput& input) noexcept;
  /// Waits for the answer; asks `cancelled` now and then.
  [[nodiscard]] ChildOutcome finish(std::chrono::steady_clock::time_point deadline,
                                    const std::function<bool()>& cancelled, ScanTotals& totals,
                                    std::vector<TaskFinding>& findings);
  /// That ended the child before it was done; 0: none, or nobody knows.
  [[nodiscard]] int signal() const noexcept { return signal_; }

 private:
  [[noreturn]] void run(const ScanInput& input) noexcept;
  void end() noexcept;
  /// Waits for it.
  void reap() noexcept;
  /// Takes its answer apart.
  [[nodiscard]] static bool parse(const std::vector<char>& answer, ScanTotals& totals,
                                  std::vector<TaskFinding>& findings);

  Fork fork_;
  support::UniqueFd read_end_;
  support::UniqueFd write_end_;
  support::UniqueFd process_;
  pid_t pid_ = 0;
  int signal_ = 0;
};

}  // namespace xgops::proof
