// SPDX-License-Identifier: MIT
// Writing bytes where the user wants them, completely or with an error.
#pragma once

#include "xgops/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace xgops::cli {

/// Writes all of `data` to `fd`. `name` is for the error message.
Result<void> write_all(int fd, std::string_view data, std::string_view name);

enum class FileAccess : std::uint8_t {
  kAsUsual,    ///< What the umask leaves, or as it was.
  kOwnerOnly,  ///< Nobody else may read or write it.
};

/// Replaces the file at `path` by one with exactly `data`: a reader sees the old content or the
/// new, never a part, and a failure leaves the old file alone. What is not a regular file (a
/// device, a pipe) is written to directly; a symbolic link keeps pointing to its file.
Result<void> write_file(const std::string& path, std::string_view data,
                        FileAccess access = FileAccess::kAsUsual);

}  // namespace xgops::cli
