// SPDX-License-Identifier: MIT
// Settings with which the agent would not start, which it could only write into its log: the
// program must not notice.
#pragma once

#include "xgops/result.hpp"

#include <cstdint>
#include <string>

namespace xgops::cli {

// Errors: `Failure::kUsage`, with the option and what it takes. Empty and 0: not given.

/// A realtime signal.
[[nodiscard]] Result<void> check_capture_signal(std::uint32_t signal);

/// A signal that a program may handle, none of a crash, and not `capture_signal`.
[[nodiscard]] Result<void> check_dump_signal(const std::string& text, std::uint32_t capture_signal);

/// Can be made, or is a directory of ours that nobody else may enter.
[[nodiscard]] Result<void> check_socket_directory(const std::string& path);

}  // namespace xgops::cli
