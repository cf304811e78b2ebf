// SPDX-License-Identifier: MIT
// Programs on disk: finding one like a shell does, and whether LD_PRELOAD works on it.
#pragma once

#include "xgops/result.hpp"

#include <string>
#include <string_view>

#include <sys/types.h>

namespace xgops::cli::proc {

/// The file that executing `name` would start: `name` itself when it has a slash, else the first
/// executable of that name in `search_path` (the value of $PATH).
/// Errors: `Failure::kProgram`; `permission_denied` when the only file found is not executable.
[[nodiscard]] Result<std::string> find_program(const std::string& name,
                                               std::string_view search_path);

/// Whether the dynamic loader would load a preloaded x86-64 glibc library into the program at
/// `path` when user `uid` starts it. A script counts as its interpreter.
/// Errors: `Failure::kProgram`, with the reason and what to do instead.
[[nodiscard]] Result<void> check_preloadable(const std::string& path, uid_t uid);

}  // namespace xgops::cli::proc
