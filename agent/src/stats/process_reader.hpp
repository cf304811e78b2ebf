// SPDX-License-Identifier: MIT
// Reads this process's own numbers from /proc. Knows no sockets and no wire.
#pragma once

#include "stats/cgroup_quota.hpp"
#include "support/fd_table.hpp"
#include "support/guarded_fd.hpp"
#include "support/text_file.hpp"
#include "xgops/result.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace xgops::stats {

/// Fields of proc(5) stat.
struct ProcessStat {
  pid_t pid = 0;  ///< In the PID namespace of the mounted /proc.
  pid_t parent_pid = 0;
  std::string name;
  std::uint64_t start_time_ticks = 0;
};

/// Reads the contents of proc(5) stat. Errors: `bad_message`.
[[nodiscard]] Result<ProcessStat> parse_stat(std::string_view text);

struct MemoryUse {
  std::uint64_t rss_bytes = 0;
  std::uint64_t virtual_bytes = 0;
};

/// Reads the contents of proc(5) statm. Errors: `bad_message`.
[[nodiscard]] Result<MemoryUse> parse_statm(std::string_view text, std::uint64_t page_bytes);

/// Splits the contents of proc(5) cmdline, at most `max_bytes` of it.
[[nodiscard]] std::vector<std::string> parse_arguments(std::string_view text,
                                                       std::size_t max_bytes);

/// Time since the process started, from `start_time_ticks` (clock ticks since boot).
[[nodiscard]] std::chrono::nanoseconds uptime(std::uint64_t start_time_ticks);

/// The directories that are read.
struct ProcDirectories {
  support::Directory process;  ///< /proc/self: the main thread, and totals of all.
  support::Directory thread;   ///< /proc/thread-self of the reader: for what a main thread that has
                               ///< ended does not show. Last resort: reading there makes the end of
                               ///< the process wait for this thread.
  support::Directory cgroup;   ///< /sys/fs/cgroup
  support::GuardedFd tasks;    ///< /proc/self/task, O_PATH.

  /// With a private table all are opened now, so that a later chroot does not matter; else most are
  /// named, and looked up again at each use.
  /// Errors: /proc is not mounted or not readable.
  static Result<ProcDirectories> open(support::FdTable table);
};

/// All members run on the thread that called `ProcDirectories::open`.
class ProcessReader {
 public:
  explicit ProcessReader(ProcDirectories directories);

  [[nodiscard]] const ProcDirectories& directories() const { return *directories_; }

  /// Errors, here and below: whatever makes /proc unreadable; `bad_message` when its contents make
  /// no sense.
  [[nodiscard]] Result<ProcessStat> stat() const;
  Result<MemoryUse> memory();
  /// What control groups leave; nothing: no limit is known.
  [[nodiscard]] std::optional<std::uint64_t> memory_left() const;
  [[nodiscard]] Result<std::uint32_t> thread_count() const;
  /// Open descriptors of the program, without those of the agent's private table.
  [[nodiscard]] Result<std::uint32_t> open_fds() const;
  /// Path of the executable, " (deleted)" included.
  [[nodiscard]] Result<std::string> executable() const;
  /// argv, at most `max_bytes` of it.
  [[nodiscard]] Result<std::vector<std::string>> arguments(std::size_t max_bytes) const;

  /// 1, 5 and 15 minutes, in thousandths.
  [[nodiscard]] static std::array<std::uint32_t, 3> load_millis();
  /// CPUs that the process may run on; at least 1.
  [[nodiscard]] static std::uint32_t cpu_count();
  /// User and system time of all threads, living and gone.
  [[nodiscard]] static std::chrono::nanoseconds cpu_time();
  /// Soft RLIMIT_NOFILE.
  [[nodiscard]] static std::uint64_t fd_limit();
  /// The tightest cgroup limit in thousandths of a CPU; 0: none.
  std::uint32_t cpu_quota_millis() { return quota_.read_millis(); }

 private:
  std::unique_ptr<const ProcDirectories> directories_;  ///< Stays put when the reader is moved.
  support::TextFile memory_file_;
  CgroupQuota quota_;
};

}  // namespace xgops::stats
