// SPDX-License-Identifier: MIT
// The CPU limit that control groups put on this process.
#pragma once

#include "support/unique_fd.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xgops::stats {

/// Where a process sits: its path in the unified hierarchy (v2), and in the one with the cpu
/// controller (v1). Empty: in none.
struct CgroupMembership {
  std::string unified;
  std::string cpu_controller;

  friend bool operator==(const CgroupMembership&, const CgroupMembership&) = default;
};

/// Reads the contents of proc(5) cgroup.
[[nodiscard]] CgroupMembership parse_membership(std::string_view text);

/// Reads `cpu.max` (v2): "max 100000" or "150000 100000". Thousandths of a CPU; 0: no limit.
[[nodiscard]] std::uint32_t parse_cpu_max(std::string_view text);

/// The group at `path` and all above it, innermost first, without the leading slash; the root is
/// "". A path that leaves the namespace's root ("/../x") counts as the root.
[[nodiscard]] std::vector<std::string> group_and_ancestors(std::string_view path);

/// Keeps the limit files open and follows the process when it is moved to another group.
class CgroupQuota {
 public:
  /// `cgroup_root` is an O_PATH descriptor of /sys/fs/cgroup and `thread_directory` one of
  /// /proc/thread-self; both stay with the caller and may be -1.
  CgroupQuota(int cgroup_root, int thread_directory);

  /// The tightest limit in thousandths of a CPU; 0: none.
  std::uint32_t read_millis();

 private:
  struct Limit {
    support::UniqueFd quota;   ///< cpu.max, or cpu.cfs_quota_us of v1.
    support::UniqueFd period;  ///< cpu.cfs_period_us; not open for v2.
  };
  void reopen(const CgroupMembership& membership);

  int cgroup_root_;
  support::UniqueFd membership_file_;
  CgroupMembership membership_;
  std::vector<Limit> limits_;
};

}  // namespace xgops::stats
