// SPDX-License-Identifier: MIT
// Reads this process's own numbers from /proc. Knows no sockets and no wire.
#pragma once

#include "stats/cgroup_quota.hpp"
#include "support/unique_fd.hpp"
#include "xgops/result.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace xgops::stats {

/// The fields of proc(5) stat that we use, of the whole process.
struct ProcessStat {
  pid_t pid = 0;
  pid_t parent_pid = 0;
  std::string name;
  std::uint32_t threads = 0;
  std::uint64_t start_time_ticks = 0;
  std::chrono::nanoseconds cpu_time{0};
};

struct MemoryUse {
  std::uint64_t rss_bytes = 0;
  std::uint64_t virtual_bytes = 0;
};

/// The directories that are read, opened once so that a later chroot or chdir does not matter.
/// A descriptor that could not be opened makes the values that need it unavailable.
struct ProcDirectories {
  support::UniqueFd proc;     ///< /proc
  support::UniqueFd process;  ///< /proc/self: stays valid when the main thread has ended.
  support::UniqueFd thread;   ///< /proc/thread-self of the reader.
  support::UniqueFd tasks;    ///< /proc/self/task
  support::UniqueFd cgroup;   ///< /sys/fs/cgroup

  /// Opens what is there.
  static ProcDirectories open();
};

/// All members run on one thread: the one that called `ProcDirectories::open`.
class ProcessReader {
 public:
  explicit ProcessReader(ProcDirectories directories);

  [[nodiscard]] const ProcDirectories& directories() const { return directories_; }

  /// Errors: whatever makes /proc unreadable; `bad_message` when its contents make no sense.
  Result<ProcessStat> stat();
  Result<MemoryUse> memory();
  /// 1, 5 and 15 minutes, in thousandths.
  Result<std::array<std::uint32_t, 3>> load_millis();
  /// CPUs that the process may run on; at least 1.
  [[nodiscard]] std::uint32_t cpu_count() const;
  /// The tightest cgroup limit in thousandths of a CPU; 0: none.
  std::uint32_t cpu_quota_millis();
  /// Open descriptors of the program, without those of the agent's private table.
  Result<std::uint32_t> open_fds();
  /// Soft RLIMIT_NOFILE; 0 when it cannot be read.
  [[nodiscard]] std::uint64_t fd_limit() const;
  /// Path of the executable, " (deleted)" included.
  Result<std::string> executable();
  /// argv, at most `max_bytes` of it.
  Result<std::vector<std::string>> arguments(std::size_t max_bytes);

 private:
  Result<std::uint32_t> count_fds_of_other_task();

  ProcDirectories directories_;
  // Kept open: reading again from offset 0 yields fresh values and saves three calls.
  support::UniqueFd stat_file_;
  support::UniqueFd memory_file_;
  support::UniqueFd load_file_;
  CgroupQuota quota_;
};

/// Time since the process started, from `start_time_ticks` (clock ticks since boot).
[[nodiscard]] std::chrono::nanoseconds uptime(std::uint64_t start_time_ticks);

/// Reads one line of proc(5) stat.
[[nodiscard]] Result<ProcessStat> parse_stat(const std::string& line);

}  // namespace xgops::stats
