// SPDX-License-Identifier: MIT
// The socket that clients connect to: its file, and that it stays ours.
#pragma once

#include "server/socket_directory.hpp"
#include "support/fd_table.hpp"
#include "support/guarded_fd.hpp"
#include "xgops/result.hpp"

#include <string>

namespace xgops::server {

/// A listening Unix socket, mode 0600, non-blocking.
class ListeningSocket {
 public:
  /// Binds `name` in `directory`. A file that a dead process left is replaced.
  ///
  /// Errors: `address_in_use` when somebody answers there (another agent in this process); those of
  /// socket(2), bind(2) and listen(2).
  static Result<ListeningSocket> open(OpenSocketDirectory directory, std::string name,
                                      support::FdTable table);
  ~ListeningSocket();
  ListeningSocket(ListeningSocket&&) noexcept = default;
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Whether the number still means our socket: in a shared table the host may have closed it and
  /// got the number again for something else.
  [[nodiscard]] bool still_ours() const noexcept { return fd_.still_ours(); }
  [[nodiscard]] const support::FileIdentity& identity() const noexcept { return fd_.identity(); }

  /// Removes the file if it is the one that `open` made. Best effort: the client sweeps the rest.
  void remove_file() noexcept;

 private:
  ListeningSocket(OpenSocketDirectory directory, std::string name, support::FdTable table);
  Result<void> bind();

  support::GuardedFd directory_;
  support::GuardedFd fd_;
  std::string name_;
  std::string path_;
  support::FileIdentity file_;  ///< Of the name in the directory.
};

}  // namespace xgops::server
