// SPDX-License-Identifier: MIT
// Reading small files and links completely, within a bound.
#pragma once

#include "xgops/result.hpp"

#include <cstddef>
#include <string>

namespace xgops::cli::proc {

inline constexpr std::size_t kMaxFileBytes = std::size_t{64} * 1024 * 1024;

/// The contents of a file whose size is not known before, such as those of /proc; cut at
/// `max_bytes`.
[[nodiscard]] Result<std::string> read_file(const std::string& path,
                                            std::size_t max_bytes = kMaxFileBytes);

/// What a symbolic link says.
[[nodiscard]] Result<std::string> read_link(const std::string& path);

}  // namespace xgops::cli::proc
