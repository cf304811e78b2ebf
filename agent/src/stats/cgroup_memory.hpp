// SPDX-License-Identifier: MIT
// How much memory control groups leave this process.
#pragma once

#include "support/text_file.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace xgops::stats {

/// What is left of a limit; pages of files that nobody has used for a while count as free.
/// `limit` is memory.max or memory.high of v2, or memory.limit_in_bytes of v1; `used` the use of
/// the group, `details` its memory.stat. Nothing: there is no limit.
[[nodiscard]] std::optional<std::uint64_t> left_of_limit(std::string_view limit,
                                                         std::string_view used,
                                                         std::string_view details);

/// The least that the group of this process or any above it leaves. Nothing: none has a limit, or
/// none that can be read. `root` is /sys/fs/cgroup and `process` /proc/self.
[[nodiscard]] std::optional<std::uint64_t> memory_left(const support::Directory& root,
                                                       const support::Directory& process);

}  // namespace xgops::stats
