// SPDX-License-Identifier: MIT
// Reaching an agent's socket: opening its directory, connecting, and asking the kernel who answers.
#pragma once

#include "support/unique_fd.hpp"
#include "xgops/protocol/endpoint.hpp"
#include "xgops/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

namespace xgops::cli {

/// A directory that may hold sockets, open, so that it cannot be replaced under us.
struct OpenDirectory {
  UniqueFd fd;
  std::string path;  ///< For people.
  uid_t owner = 0;
  bool writable_by_others = false;
  bool in_other_namespace = false;  ///< Reached through /proc/PID/root.
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};
using DirectoryPtr = std::shared_ptr<const OpenDirectory>;

/// One socket file. That it exists says nothing about a process behind it.
struct SocketAddress {
  DirectoryPtr directory;
  std::string name;
  protocol::Endpoint endpoint;  ///< What the name says.

  [[nodiscard]] std::string path() const { return directory->path + "/" + name; }
};

/// Opens `path`, whose last component must be a directory and no symbolic link. Unless `caller` is
/// root the directory must belong to `caller`: `permission_denied` otherwise.
[[nodiscard]] Result<DirectoryPtr> open_directory(const std::string& path, uid_t caller);

/// The same for `path` as a process with root directory `root_path` (/proc/PID/root) sees it:
/// symbolic links inside cannot lead out.
[[nodiscard]] Result<DirectoryPtr> open_directory_below(const std::string& root_path,
                                                        const std::string& path, uid_t caller);

/// The files in `directory` whose names are socket names.
[[nodiscard]] std::vector<SocketAddress> sockets_in(const DirectoryPtr& directory);

/// Whether `address` is a socket, checked without following a symbolic link.
[[nodiscard]] bool is_socket(const SocketAddress& address);

/// Connects without blocking; root, to an agent in another user namespace, as the user to whom the
/// socket belongs. Errors: `connection_refused` when no process listens;
/// `resource_unavailable_try_again` when the queue of the listener is full; any of open(2).
[[nodiscard]] Result<UniqueFd> connect_socket(const SocketAddress& address);

/// Who listens, by the kernel's word (SO_PEERCRED).
struct Peer {
  pid_t pid = 0;  ///< As we see it; 0 when the process is in no PID namespace visible to us.
  uid_t uid = 0;
};

/// Errors: `Failure::kOtherUser` when the peer is not `caller` and `caller` is not root.
[[nodiscard]] Result<Peer> peer_of(int fd, uid_t caller);

/// Removes the socket file if that is safe: its directory belongs to `caller` alone and was not
/// reached through another namespace. Returns whether it is gone.
bool remove_stale(const SocketAddress& address, uid_t caller);

}  // namespace xgops::cli
