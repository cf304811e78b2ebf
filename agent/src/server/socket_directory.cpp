// SPDX-License-Identifier: MIT
// The checks on the directory of the socket.
#include "server/socket_directory.hpp"

#include <cerrno>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace xgops::server {
namespace {

constexpr mode_t kOwnerOnly = 0700;

/// Whether we may put a directory there unasked. Root that keeps a user's $XDG_RUNTIME_DIR must not
/// leave a directory behind that locks the user out.
bool may_create_in(const struct stat& parent, uid_t user) {
  return parent.st_uid == user || (parent.st_mode & S_ISVTX) != 0;
}

Result<void> create(int parent, const std::string& name, const protocol::SocketDirectory& candidate,
                    uid_t user) {
  struct stat status {};
  if (::fstat(parent, &status) != 0) {
    return system_error(errno, candidate.parent);
  }
  if (!candidate.configured && !may_create_in(status, user)) {
    return system_error(EACCES, candidate.parent, "the directory belongs to another user");
  }
  if (::mkdirat(parent, name.c_str(), kOwnerOnly) != 0) {
    return errno == EEXIST ? Result<void>() : system_error(errno, candidate.path);
  }
  // An unusual umask may have taken away our own rights.
  if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      (status.st_mode & 07777) != kOwnerOnly && status.st_uid == user) {
    ::fchmodat(parent, name.c_str(), kOwnerOnly, 0);
  }
  return {};
}

Result<void> check(int fd, const std::string& path, uid_t user) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    return system_error(errno, path);
  }
  if (S_ISLNK(status.st_mode)) {
    return system_error(EACCES, path, "the directory of the socket must not be a symbolic link");
  }
  if (!S_ISDIR(status.st_mode)) {
    return system_error(ENOTDIR, path);
  }
  if (status.st_uid != user) {
    return system_error(EACCES, path,
                        "the directory belongs to user " + std::to_string(status.st_uid) +
                            "; name another one in XGOPS_DIR");
  }
  if ((status.st_mode & 0077) != 0) {
    return system_error(EACCES, path, "other users may enter the directory: chmod 700 it");
  }
  return {};
}

Result<OpenSocketDirectory> try_candidate(const protocol::SocketDirectory& candidate,
                                          std::string_view socket_name, uid_t user) {
  if (candidate.path.size() + 1 + socket_name.size() > protocol::kMaxSocketPathBytes) {
    return system_error(ENAMETOOLONG, candidate.path,
                        "name a directory with a shorter path in XGOPS_DIR");
  }
  const support::UniqueFd parent(
      ::open(candidate.parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!parent) {
    return system_error(errno, candidate.parent);
  }
  const std::string name = candidate.path.substr(candidate.path.rfind('/') + 1);
  // Without O_DIRECTORY a symlink is opened as itself, so that the message can say what is wrong.
  constexpr int kFlags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  support::UniqueFd fd(::openat(parent.get(), name.c_str(), kFlags));
  if (!fd && errno == ENOENT) {
    if (auto created = create(parent.get(), name, candidate, user); !created) {
      return std::move(created).error();
    }
    fd.reset(::openat(parent.get(), name.c_str(), kFlags));
  }
  if (!fd) {
    return system_error(errno, candidate.path);
  }
  if (auto checked = check(fd.get(), candidate.path, user); !checked) {
    return std::move(checked).error();
  }
  return OpenSocketDirectory{std::move(fd), candidate.path};
}

}  // namespace

Result<OpenSocketDirectory> open_socket_directory(
    std::span<const protocol::SocketDirectory> candidates, std::string_view socket_name,
    uid_t user) {
  std::optional<Error> failure;
  for (const protocol::SocketDirectory& candidate : candidates) {
    auto directory = try_candidate(candidate, socket_name, user);
    if (directory) {
      return directory;
    }
    // That /run/user/UID does not exist says less than that /tmp is read-only.
    if (!failure || directory.error().code != std::errc::no_such_file_or_directory) {
      failure = std::move(directory).error();
    }
  }
  return failure ? std::move(*failure) : system_error(ENOENT, "no directory for the socket");
}

}  // namespace xgops::server
