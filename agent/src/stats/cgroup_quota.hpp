// SPDX-License-Identifier: MIT
// The CPU limit that control groups put on this process.
#pragma once

#include "support/text_file.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xgops::stats {

/// Where a process sits: its path in the unified hierarchy (v2), and in those with a controller of
/// v1. Empty: in none.
struct CgroupMembership {
  std::string unified;
  std::string cpu_controller;
  std::string memory_controller;

  friend bool operator==(const CgroupMembership&, const CgroupMembership&) = default;
};

/// Reads the contents of proc(5) cgroup.
[[nodiscard]] CgroupMembership parse_membership(std::string_view text);

/// Thousandths of a CPU of `quota_us` in each `period_us`; 0: no limit, or no sense.
[[nodiscard]] std::uint32_t quota_millis(std::int64_t quota_us, std::int64_t period_us);

/// Reads `cpu.max` (v2): "max 100000" or "150000 100000". Thousandths of a CPU; 0: no limit.
[[nodiscard]] std::uint32_t parse_cpu_max(std::string_view text);

/// The group at `path` and those above it, innermost first, as paths that begin with a slash; ""
/// is the root. A path that leaves the cgroup namespace ("/../x") counts as the root.
[[nodiscard]] std::vector<std::string> group_and_ancestors(std::string_view path);

/// Keeps the limit files open and follows the process when it is moved to another group.
class CgroupQuota {
 public:
  /// `root` is /sys/fs/cgroup and `process` /proc/self; both stay with the caller.
  CgroupQuota(const support::Directory& root, const support::Directory& process)
      : root_(&root), membership_file_(process, "cgroup") {}

  /// The tightest limit in thousandths of a CPU; 0: none, or none that can be read.
  std::uint32_t read_millis();

 private:
  struct Limit {
    support::TextFile quota;                  ///< cpu.max, or cpu.cfs_quota_us of v1.
    std::optional<support::TextFile> period;  ///< cpu.cfs_period_us of v1.
  };
  void find_limits(const CgroupMembership& membership);

  const support::Directory* root_;
  support::TextFile membership_file_;
  std::optional<CgroupMembership> membership_;
  std::vector<Limit> limits_;
};

}  // namespace xgops::stats
