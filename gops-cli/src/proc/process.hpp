// SPDX-License-Identifier: MIT
// Facts about processes that the kernel shows to everybody who may look.
#pragma once

#include "xgops/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace xgops::cli::proc {

/// /proc/PID/stat, the fields we use.
struct Stat {
  std::string name;  ///< comm; untrusted text.
  char state = '?';
  pid_t parent_pid = 0;
  bool kernel_thread = false;
  std::uint32_t threads = 0;
  std::uint64_t start_time_ticks = 0;
};

/// /proc/PID/status, the fields we use.
struct Status {
  pid_t process_id = 0;  ///< Tgid: differs from the PID asked for when that is a thread.
  uid_t uid = 0;         ///< Effective.
  std::vector<pid_t> namespace_pids;  ///< Ours first, the innermost namespace's last.
};

/// The process table. A different root serves tests.
class Table {
 public:
  explicit Table(std::string root = "/proc") : root_(std::move(root)) {}

  [[nodiscard]] const std::string& root() const noexcept { return root_; }
  /// `/proc/PID/file`
  [[nodiscard]] std::string path(pid_t pid, std::string_view file) const;

  /// All processes, in ascending order.
  [[nodiscard]] std::vector<pid_t> pids() const;
  [[nodiscard]] Result<Stat> stat(pid_t pid) const;
  [[nodiscard]] Result<Status> status(pid_t pid) const;
  /// The executable's path; empty when it may not be read.
  [[nodiscard]] std::string executable(pid_t pid) const;
  /// Nothing when unset, or when the environment may not be read.
  [[nodiscard]] std::optional<std::string> environment(pid_t pid, std::string_view name) const;
  /// Time since boot.
  [[nodiscard]] std::uint64_t uptime_ns() const;
  /// Absolute paths of the listening Unix sockets of our network namespace, as they were bound.
  [[nodiscard]] std::vector<std::string> listening_socket_paths() const;

 private:
  std::string root_;
};

/// Parsers, apart for tests. The name in `stat` may contain anything, also ") R 1".
[[nodiscard]] std::optional<Stat> parse_stat(std::string_view text);
[[nodiscard]] std::optional<Status> parse_status(std::string_view text);
[[nodiscard]] std::vector<std::string> parse_listening_sockets(std::string_view text);
/// The user id inside a user namespace, by its uid_map; nothing when it is not mapped.
[[nodiscard]] std::optional<uid_t> map_uid(std::string_view uid_map, uid_t outside);

}  // namespace xgops::cli::proc
