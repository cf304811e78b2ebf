// SPDX-License-Identifier: MIT
// What one connection still has to send.
#pragma once

#include "commands/reply.hpp"
#include "support/event.hpp"
#include "xgops/protocol/codec.hpp"

#include <cstddef>
#include <deque>
#include <span>

namespace xgops::server {

/// Most bytes that wait for all slow clients together. A client whose answer does not fit any more
/// loses its connection; nobody else notices.
inline constexpr std::size_t kMaxQueuedBytes = std::size_t{32} * 1024 * 1024;

/// Sends at once what the socket takes and keeps the rest, so that neither a command nor another
/// client waits for a slow reader.
class Outbox final : public commands::ReplyChannel {
 public:
  /// `fd` is a connected socket; `stop` is set when the agent stops; `queued_bytes` is shared by
  /// all connections. All must outlive the outbox.
  Outbox(int fd, const support::Event& stop, std::size_t& queued_bytes)
      : fd_(fd), stop_(stop), queued_bytes_(queued_bytes) {}
  ~Outbox() override { clear(); }
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  bool send(protocol::Bytes message) override;
  [[nodiscard]] bool cancelled() override;

  [[nodiscard]] bool empty() const noexcept { return messages_.empty(); }
  /// Whether something was lost: the connection is of no use any more.
  [[nodiscard]] bool broken() const noexcept { return broken_; }
  /// Sends what the socket takes now. False: the connection is broken.
  bool flush() noexcept;

 private:
  void clear() noexcept;

  int fd_;
  const support::Event& stop_;
  std::size_t& queued_bytes_;
  std::deque<protocol::Bytes> messages_;
  std::size_t sent_of_first_ = 0;
  bool broken_ = false;
};

}  // namespace xgops::server
