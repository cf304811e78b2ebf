// SPDX-License-Identifier: MIT
// Reading small text files.
#include "support/text_file.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace xgops::support {
namespace {

std::string join(const Directory& directory, const std::string& name) {
  return directory.path + "/" + name;
}

Result<UniqueFd> open_file(const Directory& directory, const std::string& name) {
  UniqueFd fd(directory.fd ? ::openat(directory.fd.get(), name.c_str(), O_RDONLY | O_CLOEXEC)
                           : ::open(join(directory, name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return system_error(errno, join(directory, name));
  }
  return fd;
}

/// The contents from the start; errno when that failed.
Result<std::string> read_all(int fd, const Directory& directory, const std::string& name) {
  std::string text;
  // One more than most files have, so that the second read only finds the end.
  std::size_t room = 1024;
  while (text.size() < kMaxTextBytes) {
    const std::size_t before = text.size();
    text.resize(before + room);
    const ssize_t count = ::pread(fd, text.data() + before, room, static_cast<off_t>(before));
    text.resize(before + (count > 0 ? static_cast<std::size_t>(count) : 0));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return system_error(errno, join(directory, name));
    }
    // A file of /proc or /sys gives all it has at once, or fills the buffer.
    if (static_cast<std::size_t>(count) < room) {
      break;
    }
    room *= 2;
  }
  return text;
}

}  // namespace

Result<Directory> open_directory(std::string path) {
  UniqueFd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    return system_error(errno, std::move(path));
  }
  return Directory{std::move(fd), std::move(path)};
}

Result<std::string> read_text(const Directory& directory, const std::string& name) {
  auto fd = open_file(directory, name);
  if (!fd) {
    return std::move(fd).error();
  }
  return read_all(fd->get(), directory, name);
}

Result<std::string> TextFile::read() {
  if (!directory_->fd) {
    return read_text(*directory_, name_);
  }
  if (!fd_) {
    auto fd = open_file(*directory_, name_);
    if (!fd) {
      return std::move(fd).error();
    }
    fd_ = std::move(*fd);
  }
  return read_all(fd_.get(), *directory_, name_);
}

}  // namespace xgops::support
