// SPDX-License-Identifier: MIT
// Blocking TCP sockets, with a deadline on each call.
#pragma once

#include <cstdint>
#include <string>

namespace xgops::test {

/// A connection to this machine, or a socket that listens on it. Failures show as empty answers.
class TcpSocket {
 public:
  static TcpSocket connect_to(std::uint16_t port);
  static TcpSocket listen();

  ~TcpSocket();
  TcpSocket(TcpSocket&& other) noexcept;
  TcpSocket& operator=(TcpSocket&&) = delete;
  TcpSocket(const TcpSocket&) = delete;
  TcpSocket& operator=(const TcpSocket&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] bool send(const std::string& text) const;
  /// `bytes` bytes, or less when the peer ends or the deadline passes.
  [[nodiscard]] std::string receive(std::size_t bytes) const;

 private:
  explicit TcpSocket(int fd) noexcept : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace xgops::test
