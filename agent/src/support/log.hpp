// SPDX-License-Identifier: MIT
// The agent's log: a file that the user named, one line per event, and nothing anywhere else.
#pragma once

#include "support/unique_fd.hpp"

#include <string>
#include <string_view>

namespace xgops::support {

/// Not thread-safe. Never fails: a line that cannot be written is lost.
class Log {
 public:
  /// Without a file: every line is dropped.
  Log() = default;
  /// `keep_open`: the file is opened now and stays open, so that a later chroot does not matter;
  /// else it is opened for each line. A new file has mode 0600; a symlink is not followed.
  Log(std::string path, bool keep_open);

  /// Appends `2026-01-31T12:00:00.123Z xgops[4711]: event`. Line breaks in `event` become spaces.
  void write(std::string_view event);

 private:
  std::string path_;
  UniqueFd fd_;
};

}  // namespace xgops::support
