// SPDX-License-Identifier: MIT
// Sending without waiting.
#include "server/outbox.hpp"

#include <cerrno>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

namespace xgops::server {

bool Outbox::send(protocol::Bytes message) {
  if (broken_ || queued_bytes_ + message.size() > kMaxQueuedBytes) {
    broken_ = true;
    clear();
    return false;
  }
  queued_bytes_ += message.size();
  messages_.push_back(std::move(message));
  return flush();
}

bool Outbox::flush() noexcept {
  while (!broken_ && !messages_.empty()) {
    const protocol::Bytes& first = messages_.front();
    const ssize_t count = ::send(fd_, first.data() + sent_of_first_, first.size() - sent_of_first_,
                                 MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EAGAIN) {
        return true;
      }
      if (errno != EINTR) {
        broken_ = true;
        clear();
      }
      continue;
    }
    sent_of_first_ += static_cast<std::size_t>(count);
    if (sent_of_first_ == first.size()) {
      queued_bytes_ -= first.size();
      messages_.pop_front();
      sent_of_first_ = 0;
    }
  }
  return !broken_;
}

bool Outbox::cancelled() {
  if (broken_ || stop_.is_set()) {
    return true;
  }
  // Not by peeking: a request that waits in the socket would hide the end behind it. A client that
  // only ended its own direction still reads (POLLRDHUP, not POLLHUP).
  pollfd socket{.fd = fd_, .events = 0, .revents = 0};
  return ::poll(&socket, 1, 0) > 0 && (socket.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

void Outbox::clear() noexcept {
  for (const protocol::Bytes& message : messages_) {
    queued_bytes_ -= message.size();
  }
  messages_.clear();
  sent_of_first_ = 0;
}

}  // namespace xgops::server
