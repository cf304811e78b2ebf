// SPDX-License-Identifier: MIT
// Moving the bytes of one client, and who may be one.
#include "server/connection.hpp"

#include "server/dispatcher.hpp"
#include "xgops/protocol/errc.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <span>
#include <string>

#include <sys/socket.h>
#include <unistd.h>

namespace xgops::server {
namespace {

/// Ends our direction and throws away what the client sent meanwhile: closing a socket with unread
/// bytes could cost the client the error message that waits for it.
void hang_up(int fd) noexcept {
  ::shutdown(fd, SHUT_WR);
  std::array<std::byte, 4096> rest{};
  for (int i = 0; i < 16 && ::recv(fd, rest.data(), rest.size(), MSG_DONTWAIT) > 0; ++i) {
  }
}

}  // namespace

Connection::Need Connection::advance() noexcept {
  return is_sending_ ? send() : receive();
}

Connection::Need Connection::receive() noexcept {
  // Served before more is read: the client may have sent several requests at once.
  while (!serve_one()) {
    if (ends_) {
      break;
    }
    const ssize_t count =
        ::recv(fd_, buffer_.data() + received_, buffer_.size() - received_, MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0 && errno == EAGAIN) {
      return Need::kRead;
    }
    if (count <= 0) {
      return Need::kEnd;
    }
    received_ += static_cast<std::size_t>(count);
  }
  return send();
}

bool Connection::serve_one() noexcept {
  const std::span<const std::byte> received(buffer_.data(), received_);
  if (!has_header_) {
    if (received.size() < protocol::kHeaderBytes) {
      return false;
    }
    protocol::HeaderBytes header{};
    std::copy_n(received.begin(), header.size(), header.begin());
    has_header_ = session_.begin(header);
    if (!has_header_) {
      ends_ = true;
      return false;
    }
  }
  const std::size_t request_bytes = protocol::kHeaderBytes + session_.payload_bytes();
  if (received.size() < request_bytes) {
    return false;
  }
  ends_ = !session_.serve(received.subspan(protocol::kHeaderBytes, session_.payload_bytes()));
  received_ -= request_bytes;
  std::memmove(buffer_.data(), buffer_.data() + request_bytes, received_);
  has_header_ = false;
  return true;
}

Connection::Need Connection::send() noexcept {
  if (!outbox_.flush()) {
    return Need::kEnd;
  }
  if (!outbox_.empty()) {
    is_sending_ = true;
    due_ = Clock::now() + protocol::kSendTimeout;
    return Need::kWrite;
  }
  if (ends_) {
    return end();
  }
  is_sending_ = false;
  due_ = Clock::now() + protocol::kIdleTimeout;
  // What is in the buffer may be a whole request, which the socket will not announce again.
  return received_ > 0 ? Need::kTurn : Need::kRead;
}

Connection::Need Connection::end() const noexcept {
  hang_up(fd_);
  return Need::kEnd;
}

int accept_client(int listener) noexcept {
  int fd = -1;
  do {
    fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
  return fd;
}

bool admit(int fd, commands::AgentState& state, const support::Event& stop,
           std::size_t connections) noexcept {
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool is_known = ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  const bool is_allowed = is_known && (peer.uid == 0 || peer.uid == ::geteuid());
  if (is_allowed && connections < protocol::kMaxConnections) {
    return true;
  }
  std::size_t queued_bytes = 0;
  Outbox outbox(fd, stop, queued_bytes);
  try {
    if (is_allowed) {
      send_error(outbox, 0,
                 {make_error_code(protocol::Errc::kBusy), std::to_string(connections) + " clients",
                  "try again in a moment"});
    } else {
      ++state.counters.peers_refused;
      send_error(
          outbox, 0,
          {make_error_code(protocol::Errc::kPermissionDenied), "user " + std::to_string(peer.uid),
           "ask as user " + std::to_string(::geteuid()) + " or root"});
    }
  } catch (const std::bad_alloc&) {
    // The client sees the end of the connection only.
  }
  hang_up(fd);
  return false;
}

}  // namespace xgops::server
