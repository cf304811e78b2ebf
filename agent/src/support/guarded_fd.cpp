// SPDX-License-Identifier: MIT
// Telling our files from the host's.
#include "support/guarded_fd.hpp"

#include <algorithm>
#include <utility>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace xgops::support {
namespace {

FileIdentity identity_of(const struct stat& status) noexcept {
  return {.device = status.st_dev, .inode = status.st_ino};
}

UniqueFd move_up(UniqueFd fd) noexcept {
  rlimit limit{};
  if (!fd || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return fd;
  }
  // Not higher: the kernel's table grows with the highest number in use.
  constexpr rlim_t kHighEnough = 8192;
  const auto lowest = static_cast<int>(std::min(limit.rlim_cur / 2, kHighEnough));
  UniqueFd high(::fcntl(fd.get(), F_DUPFD_CLOEXEC, lowest));
  return high ? std::move(high) : std::move(fd);
}

}  // namespace

FileIdentity FileIdentity::of(int fd) noexcept {
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? identity_of(status) : FileIdentity{};
}

FileIdentity FileIdentity::of(int directory, const char* name) noexcept {
  struct stat status {};
  return ::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? identity_of(status)
                                                                       : FileIdentity{};
}

GuardedFd::GuardedFd(UniqueFd fd, FdTable table) noexcept
    : fd_(table == FdTable::kShared ? move_up(std::move(fd)) : std::move(fd)),
      identity_(FileIdentity::of(fd_.get())) {}

GuardedFd& GuardedFd::operator=(GuardedFd&& other) noexcept {
  if (this != &other) {
    drop();
    fd_ = std::move(other.fd_);
    identity_ = other.identity_;
  }
  return *this;
}

void GuardedFd::drop() noexcept {
  if (fd_ && !still_ours()) {
    static_cast<void>(fd_.release());
  }
  fd_.reset();
}

}  // namespace xgops::support
