// SPDX-License-Identifier: MIT
// Telling our files from the host's.
#include "support/guarded_fd.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace xgops::support {
namespace {

/// The identity that `look` filled in; leaves errno alone, so that a caller can still report what
/// failed before.
template <class Look>
FileIdentity identify(Look look) noexcept {
  const int saved_errno = errno;
  struct stat status {};
  const bool is_known = look(status) == 0;
  errno = saved_errno;
  return is_known ? FileIdentity{.device = status.st_dev, .inode = status.st_ino} : FileIdentity{};
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
  return identify([fd](struct stat& status) { return ::fstat(fd, &status); });
}

FileIdentity FileIdentity::of(int directory, const char* name) noexcept {
  return identify([&](struct stat& status) {
    return ::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW);
  });
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
