// SPDX-License-Identifier: MIT
// Finds, or makes, a directory that only this user can reach, for the agent's socket.
#pragma once

#include "support/unique_fd.hpp"
#include "xgops/protocol/endpoint.hpp"
#include "xgops/result.hpp"

#include <span>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace xgops::server {

struct OpenSocketDirectory {
  support::UniqueFd fd;  ///< O_PATH.
  std::string path;
};

/// The first of `candidates` that exists or can be created, belongs to `user`, is no symlink, and
/// gives nobody else any right; and where `socket_name` makes no path too long for a socket.
///
/// Errors, of the candidate that came nearest: `permission_denied` (not ours, open to others, a
/// symlink, or not writable), `filename_too_long`, `read_only_file_system`,
/// `no_such_file_or_directory`.
Result<OpenSocketDirectory> open_socket_directory(
    std::span<const protocol::SocketDirectory> candidates, std::string_view socket_name,
    uid_t user);

}  // namespace xgops::server
