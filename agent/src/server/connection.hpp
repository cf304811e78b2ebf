// SPDX-License-Identifier: MIT
// One client: bytes in, bytes out, and how long that may take.
#pragma once

#include "server/outbox.hpp"
#include "server/session.hpp"
#include "support/event.hpp"
#include "xgops/protocol/header.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace xgops::server {

/// Does what can be done without waiting, and says what to wait for. Who waits, and how, is the
/// driver's business.
class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  enum class Need : std::uint8_t {
    kRead = 0,  ///< Wait until the socket is readable, then `advance` again.
    kWrite,     ///< Wait until it is writable.
    kTurn,      ///< Let others have a turn, then `advance` again without waiting.
    kEnd,       ///< Close it.
  };

  /// `fd` is a non-blocking socket that stays with the driver and outlives the connection.
  Connection(int fd, commands::AgentState& state, const support::Event& stop,
             std::size_t& queued_bytes)
      : fd_(fd), outbox_(fd, stop, queued_bytes), session_(state, outbox_) {}

  /// Serves at most one request, so that a busy client leaves room for the others.
  [[nodiscard]] Need advance() noexcept;

  /// When the driver must give up on what `advance` asked for.
  [[nodiscard]] Clock::time_point due() const noexcept { return due_; }

 private:
  Need receive() noexcept;
  Need send() noexcept;
  [[nodiscard]] Need end() const noexcept;
  /// Whether a whole request was in the buffer; it is served then.
  bool serve_one() noexcept;

  int fd_;
  Outbox outbox_;
  Session session_;
  std::array<std::byte, protocol::kHeaderBytes + protocol::kMaxRequestBytes> buffer_{};
  std::size_t received_ = 0;
  bool has_header_ = false;
  bool ends_ = false;  ///< Once the outbox is empty.
  bool is_sending_ = false;
  Clock::time_point due_ = Clock::now() + protocol::kIdleTimeout;
};

/// Takes the next client of the listening socket `listener`: non-blocking, close-on-exec; the
/// descriptor, or -1 and errno.
[[nodiscard]] int accept_client(int listener) noexcept;

/// Decides whether the client on `fd` is served: its user must be ours or root, and there must be
/// room. A client that is refused has been told why and counted when it is a matter of users.
[[nodiscard]] bool admit(int fd, commands::AgentState& state, const support::Event& stop,
                         std::size_t connections) noexcept;

}  // namespace xgops::server
