// SPDX-License-Identifier: MIT
#include "tcp_client.hpp"

#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace xgops::test {
namespace {

constexpr timeval kDeadline{20, 0};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int new_socket() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kDeadline, sizeof kDeadline);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kDeadline, sizeof kDeadline);
  return fd;
}

}  // namespace

TcpSocket TcpSocket::connect_to(std::uint16_t port) {
  const sockaddr_in address = loopback(port);
  TcpSocket result(new_socket());
  // Should it fail, the first answer is empty.
  (void)::connect(result.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return result;
}

TcpSocket TcpSocket::listen() {
  const sockaddr_in address = loopback(0);
  TcpSocket result(new_socket());
  (void)::bind(result.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  (void)::listen(result.fd_, SOMAXCONN);
  return result;
}

TcpSocket::TcpSocket(TcpSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

TcpSocket::~TcpSocket() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

std::uint16_t TcpSocket::port() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  (void)::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

bool TcpSocket::send(const std::string& text) const {
  return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

std::string TcpSocket::receive(std::size_t bytes) const {
  std::string text(bytes, '\0');
  const ssize_t got = ::recv(fd_, text.data(), bytes, MSG_WAITALL);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

}  // namespace xgops::test
