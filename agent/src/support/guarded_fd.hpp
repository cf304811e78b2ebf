// SPDX-License-Identifier: MIT
// A descriptor in a table that the host may share, and change under us.
#pragma once

#include "support/fd_table.hpp"
#include "support/unique_fd.hpp"

#include <sys/types.h>

namespace xgops::support {

/// Which file something is, whatever number or name it has now.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;

  /// Of the descriptor `fd`; an identity that no file has when it is not open.
  static FileIdentity of(int fd) noexcept;
  /// Of `name` in `directory`, of a symlink itself.
  static FileIdentity of(int directory, const char* name) noexcept;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// Owns a descriptor, but closes its number only while it still means the same file: a host that
/// closed everything may have got the number again for something of its own.
class GuardedFd {
 public:
  GuardedFd() = default;
  /// In a shared table the descriptor moves far up, where programs do not look for free numbers.
  GuardedFd(UniqueFd fd, FdTable table) noexcept;
  ~GuardedFd() { drop(); }
  GuardedFd(GuardedFd&& other) noexcept = default;
  GuardedFd& operator=(GuardedFd&& other) noexcept;
  GuardedFd(const GuardedFd&) = delete;
  GuardedFd& operator=(const GuardedFd&) = delete;

  explicit operator bool() const noexcept { return static_cast<bool>(fd_); }
  [[nodiscard]] int get() const noexcept { return fd_.get(); }
  [[nodiscard]] const FileIdentity& identity() const noexcept { return identity_; }
  [[nodiscard]] bool still_ours() const noexcept {
    return fd_ && FileIdentity::of(fd_.get()) == identity_;
  }

 private:
  void drop() noexcept;

  UniqueFd fd_;
  FileIdentity identity_;
};

}  // namespace xgops::support
