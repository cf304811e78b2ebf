// SPDX-License-Identifier: MIT
// Two connected sockets.
#pragma once

#include "support/unique_fd.hpp"

#include <array>

#include <sys/socket.h>

namespace xgops::test {

struct SocketPair {
  support::UniqueFd ours;
  support::UniqueFd theirs;
};

inline SocketPair make_socket_pair() {
  std::array<int, 2> fds{-1, -1};
  ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data());
  return {support::UniqueFd(fds[0]), support::UniqueFd(fds[1])};
}

}  // namespace xgops::test
