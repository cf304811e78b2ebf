// SPDX-License-Identifier: MIT
// Reading the small text files of /proc and /sys.
#pragma once

#include "support/unique_fd.hpp"
#include "xgops/result.hpp"

#include <cstddef>
#include <string>
#include <utility>

namespace xgops::support {

/// Most bytes read of one file: far above what the files that we read ever have.
inline constexpr std::size_t kMaxTextBytes = std::size_t{64} * 1024;

/// A directory whose files are read: by descriptor, so that chroot and unmounting do not matter, or
/// by path where a descriptor would not be safe from the host.
struct Directory {
  UniqueFd fd;       ///< O_PATH. Not open: `path` is used each time.
  std::string path;  ///< Absolute; for messages too.
};

/// Opens `path` by descriptor.
/// Errors: those of open(2).
Result<Directory> open_directory(std::string path);

/// Reads `name` in `directory`, at most `kMaxTextBytes`.
/// Errors: those of open(2) and read(2), with the path as context.
Result<std::string> read_text(const Directory& directory, const std::string& name);

/// A file that is read again and again. It stays open when its directory is known by descriptor:
/// reading from offset 0 yields fresh values and saves two calls.
class TextFile {
 public:
  /// `directory` stays with the caller and must live as long as the file.
  TextFile(const Directory& directory, std::string name)
      : directory_(&directory), name_(std::move(name)) {}

  /// The contents now. Errors: as `read_text`.
  Result<std::string> read();

 private:
  const Directory* directory_;
  std::string name_;
  UniqueFd fd_;
};

}  // namespace xgops::support
