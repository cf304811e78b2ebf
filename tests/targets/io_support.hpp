// SPDX-License-Identifier: MIT
// Descriptors that block: full pipes, silent peers, locked files, backlogs without room.
#pragma once

#include "support.hpp"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace target {

struct Ends {
  int first = -1;
  int second = -1;
};

inline Ends make_pipe() {
  std::array<int, 2> ends{};
  check(::pipe2(ends.data(), O_CLOEXEC), "pipe2");
  return {ends[0], ends[1]};
}

inline Ends make_socket_pair(int type = SOCK_STREAM) {
  std::array<int, 2> ends{};
  check(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
  return {ends[0], ends[1]};
}

/// Writes to `fd` until nothing more fits.
inline void fill(int fd) {
  const int flags = check(::fcntl(fd, F_GETFL), "F_GETFL");
  check(::fcntl(fd, F_SETFL, flags | O_NONBLOCK), "F_SETFL");
  const std::vector<char> block(4096);
  while (::write(fd, block.data(), block.size()) > 0) {
  }
  check(::fcntl(fd, F_SETFL, flags), "F_SETFL");
}

struct TcpListener {
  int fd = -1;
  sockaddr_in address{};
  [[nodiscard]] std::string text() const {
    return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
};

inline TcpListener listen_tcp() {
  TcpListener listener;
  listener.fd = check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  listener.address.sin_family = AF_INET;
  listener.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof listener.address;
  auto* address = reinterpret_cast<sockaddr*>(&listener.address);
  check(::bind(listener.fd, address, size), "bind");
  check(::getsockname(listener.fd, address, &size), "getsockname");
  check(::listen(listener.fd, 4), "listen");
  return listener;
}

/// A TCP connection to `listener`, which nobody accepts.
inline int connect_tcp(const TcpListener& listener) {
  const int fd = check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  check(
      ::connect(fd, reinterpret_cast<const sockaddr*>(&listener.address), sizeof listener.address),
      "connect");
  return fd;
}

/// A Unix socket in the abstract namespace whose backlog is full: one more connect blocks.
struct FullListener {
  sockaddr_un address{};
  socklen_t size = sizeof(sa_family_t);

  FullListener() {
    address.sun_family = AF_UNIX;
    const int listener = check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    // Binding without a name makes the kernel choose a free one.
    check(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), "bind");
    size = sizeof address;
    check(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
    check(::listen(listener, 0), "listen");
    for (;;) {
      const int client =
          check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
      if (::connect(client, reinterpret_cast<sockaddr*>(&address), size) != 0) {
        ::close(client);
        return;
      }
    }
  }
  int connect_blocking() const {
    const int client = check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    return ::connect(client, reinterpret_cast<const sockaddr*>(&address), size);
  }
};

/// A path in the working directory, which is the test's; removed at the end.
inline std::string scratch_path(const std::string& name) {
  at_end([name] { ::unlink(name.c_str()); });
  return name;
}

}  // namespace target
