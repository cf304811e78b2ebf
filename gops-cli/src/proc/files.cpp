// SPDX-License-Identifier: MIT
// Reading small files and links completely, within a bound.
#include "proc/files.hpp"

#include "support/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include <fcntl.h>
#include <unistd.h>

namespace xgops::cli::proc {

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) {
    return system_error(errno, path);
  }
  std::string content;
  std::array<char, 16384> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  while (content.size() < max_bytes) {
    const std::size_t wanted = std::min(buffer.size(), max_bytes - content.size());
    const ssize_t got = ::read(fd.get(), buffer.data(), wanted);
    if (got < 0) {
      if (errno == EINTR) {
        continue;
      }
      return system_error(errno, path);
    }
    if (got == 0) {
      break;
    }
    content.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return content;
}

Result<std::string> read_link(const std::string& path) {
  std::array<char, PATH_MAX> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const ssize_t length = ::readlink(path.c_str(), buffer.data(), buffer.size());
  if (length < 0) {
    return system_error(errno, path);
  }
  return std::string(buffer.data(), static_cast<std::size_t>(length));
}

}  // namespace xgops::cli::proc
