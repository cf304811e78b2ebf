// SPDX-License-Identifier: MIT
// Reaching an agent's socket: opening its directory, connecting, and asking the kernel who answers.
#include "client/agent_socket.hpp"

#include "proc/files.hpp"
#include "proc/users.hpp"
#include "support/failure.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

namespace xgops::cli {
namespace {

Result<DirectoryPtr> adopt_directory(UniqueFd fd, std::string path, bool other_namespace,
                                     uid_t caller) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) {
    return system_error(errno, path);
  }
  if (caller != 0 && status.st_uid != caller) {
    return system_error(EACCES, path);
  }
  auto directory = std::make_shared<OpenDirectory>();
  directory->fd = std::move(fd);
  directory->path = std::move(path);
  directory->owner = status.st_uid;
  directory->writable_by_others = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  directory->in_other_namespace = other_namespace;
  directory->device = status.st_dev;
  directory->inode = status.st_ino;
  return DirectoryPtr(std::move(directory));
}

/// A socket itself, as a handle that later path operations cannot redirect.
struct SocketHandle {
  UniqueFd fd;
  uid_t owner = 0;
};

Result<SocketHandle> open_socket_handle(const SocketAddress& address) {
  UniqueFd handle(
      ::openat(address.directory->fd.get(), address.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!handle) {
    return system_error(errno, address.path());
  }
  struct stat status {};
  if (::fstat(handle.get(), &status) != 0) {
    return system_error(errno, address.path());
  }
  if (!S_ISSOCK(status.st_mode)) {
    return system_error(ENOTSOCK, address.path());
  }
  return SocketHandle{std::move(handle), status.st_uid};
}

/// Does `work` as another user, in this thread: the C library would change all of them.
template <class Work>
auto as_user(uid_t user, const Work& work) {
  constexpr auto kSame = static_cast<uid_t>(-1);
  const uid_t before = ::geteuid();
  ::syscall(SYS_setresuid, kSame, user, kSame);
  auto result = work();
  ::syscall(SYS_setresuid, kSame, before, kSame);
  return result;
}

/// Whether the process on the other side has names of its own for users.
bool in_other_user_namespace(int fd) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid == 0) {
    return false;
  }
  const auto theirs = proc::read_link("/proc/" + std::to_string(peer.pid) + "/ns/user");
  const auto ours = proc::read_link("/proc/self/ns/user");
  return theirs && ours && *theirs != *ours;
}

Result<UniqueFd> connect_through(const SocketHandle& handle, const SocketAddress& address) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) {
    return system_error(errno, "socket");
  }
  // Through the handle: no race with a replaced file, and no limit on the length of the path.
  const std::string through = "/proc/self/fd/" + std::to_string(handle.fd.get());
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, through.c_str(), through.size() + 1);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how the socket API is used.
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) != 0) {
    return system_error(errno, address.path());
  }
  return fd;
}

}  // namespace

Result<DirectoryPtr> open_directory(const std::string& path, uid_t caller) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) {
    return system_error(errno, path);
  }
  return adopt_directory(std::move(fd), path, false, caller);
}

Result<DirectoryPtr> open_directory_below(const std::string& root_path, const std::string& path,
                                          uid_t caller) {
  const UniqueFd root(::open(root_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) {
    return system_error(errno, root_path);
  }
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  UniqueFd fd(
      static_cast<int>(::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof(how))));
  if (!fd && errno == ENOSYS) {
    // Before Linux 5.6 an absolute link inside may lead to our own file system; peer credentials
    // still tell which process answers.
    fd = UniqueFd(
        ::open((root_path + path).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  }
  if (!fd) {
    return system_error(errno, root_path + path);
  }
  return adopt_directory(std::move(fd), root_path + path, true, caller);
}

std::vector<SocketAddress> sockets_in(const DirectoryPtr& directory) {
  std::vector<SocketAddress> sockets;
  // A stream owns its descriptor, so it gets one of its own.
  const int copy = ::openat(directory->fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) {
    return sockets;
  }
  DIR* const raw = ::fdopendir(copy);
  if (raw == nullptr) {
    ::close(copy);
    return sockets;
  }
  const auto close_directory = [](DIR* stream) { ::closedir(stream); };
  const std::unique_ptr<DIR, decltype(close_directory)> stream(raw, close_directory);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread uses this stream.
  while (const dirent* const entry = ::readdir(stream.get())) {
    if (const auto endpoint = protocol::parse_socket_name(entry->d_name)) {
      sockets.push_back({directory, entry->d_name, *endpoint});
    }
  }
  std::sort(sockets.begin(), sockets.end(),
            [](const SocketAddress& a, const SocketAddress& b) { return a.name < b.name; });
  return sockets;
}

bool is_socket(const SocketAddress& address) {
  return open_socket_handle(address).has_value();
}

Result<UniqueFd> connect_socket(const SocketAddress& address) {
  const auto handle = open_socket_handle(address);
  if (!handle) {
    return handle.error();
  }
  auto fd = connect_through(*handle, address);
  // An agent in a user namespace without a name for root sees "nobody" there, and refuses it; who
  // the socket belongs to is somebody that it knows.
  if (fd && handle->owner != 0 && ::geteuid() == 0 && in_other_user_namespace(fd->get())) {
    return as_user(handle->owner, [&] { return connect_through(*handle, address); });
  }
  return fd;
}

Result<Peer> peer_of(int fd, uid_t caller) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return system_error(errno, "SO_PEERCRED");
  }
  if (caller != 0 && credentials.uid != caller) {
    return failure(Failure::kOtherUser,
                   "the socket is served by another user, " + proc::describe_user(credentials.uid));
  }
  return Peer{credentials.pid, credentials.uid};
}

bool remove_stale(const SocketAddress& address, uid_t caller) {
  const OpenDirectory& directory = *address.directory;
  if (directory.owner != caller || directory.writable_by_others || directory.in_other_namespace ||
      !is_socket(address)) {
    return false;
  }
  return ::unlinkat(directory.fd.get(), address.name.c_str(), 0) == 0;
}

}  // namespace xgops::cli
