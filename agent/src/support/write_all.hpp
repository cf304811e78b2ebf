// SPDX-License-Identifier: MIT
// Writes to descriptors that may take less than they are given.
#pragma once

#include <cerrno>
#include <string_view>

#include <unistd.h>

namespace xgops::support {

/// All of `text`, however many writes it takes. Returns 0 or an errno value.
inline int write_all(int fd, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno != EINTR) {
      return errno;
    }
    text.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace xgops::support
