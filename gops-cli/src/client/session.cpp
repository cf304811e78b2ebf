// SPDX-License-Identifier: MIT
// A conversation with one agent.
#include "client/session.hpp"

#include "support/failure.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>

#include <poll.h>
#include <sys/socket.h>

namespace xgops::cli {
namespace {

constexpr std::uint32_t kSessionHelloId = 1;
constexpr std::size_t kReceiveBytes = std::size_t{128} * 1024;
/// How long to wait before connecting again to a listener whose queue was full.
constexpr int kConnectRetryMs = 2;

}  // namespace

Result<Session> Session::connect(const SocketAddress& address, uid_t caller,
                                 const Deadline& deadline) {
  for (;;) {
    auto fd = connect_socket(address);
    if (fd) {
      auto peer = peer_of(fd->get(), caller);
      if (!peer) {
        return std::move(peer).error();
      }
      return Session(*std::move(fd), *peer);
    }
    if (fd.error().code != std::errc::resource_unavailable_try_again) {
      return std::move(fd).error();
    }
    if (deadline.passed()) {
      return no_answer(deadline);
    }
    // A Unix socket gives no event when a full queue drains: look again soon.
    ::poll(nullptr, 0, std::min(deadline.poll_timeout_ms(), kConnectRetryMs));
  }
}

Result<void> Session::greet(const Deadline& deadline) {
  if (greeted_) {
    return {};
  }
  if (auto sent = send(hello_request(kSessionHelloId), deadline); !sent) {
    return sent;
  }
  const auto message = receive(deadline);
  if (!message) {
    return message.error();
  }
  auto read = read_hello(*message, kSessionHelloId, hello_);
  greeted_ = read.has_value();
  return read;
}

Result<void> Session::exchange(const protocol::Header& request, protocol::Bytes bytes,
                               Deadline deadline, const OnPayload& on_payload) {
  if (!greeted_) {
    // Both requests at once save a round trip, and with it a wake-up of the agent.
    protocol::Bytes both = hello_request(kSessionHelloId);
    both.insert(both.end(), bytes.begin(), bytes.end());
    bytes = std::move(both);
  } else if (auto able = check_capability(hello_, request.type); !able) {
    return able;
  }
  if (auto sent = send(bytes, deadline); !sent) {
    return sent;
  }
  std::size_t answer_bytes = 0;
  for (std::uint32_t count = 0; count < protocol::kMaxReplyMessages; ++count) {
    const auto message = receive(deadline);
    if (!message) {
      return message.error();
    }
    if (!greeted_) {
      if (auto read = read_hello(*message, kSessionHelloId, hello_); !read) {
        return read;
      }
      greeted_ = true;
      if (auto able = check_capability(hello_, request.type); !able) {
        return able;
      }
      continue;
    }
    if (auto checked = check_reply(*message, request.type, request.request_id); !checked) {
      return checked;
    }
    answer_bytes += protocol::kHeaderBytes + message->payload.size();
    if (answer_bytes > kMaxAnswerBytes) {
      break;
    }
    const auto begin = Deadline::Clock::now();
    if (auto taken = on_payload(message->payload); !taken) {
      return taken;
    }
    // What we do with a part in between does not make the agent late.
    deadline.extend(Deadline::Clock::now() - begin);
    if ((message->header.flags & protocol::kFinal) != 0) {
      return {};
    }
  }
  return bad_answer("it does not end");
}

Result<void> Session::send(std::span<const std::byte> bytes, const Deadline& deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return {};  // The agent may have said why before it closed: receive() finds out.
    } else if (errno == EAGAIN) {
      if (auto waited = wait(POLLOUT, deadline); !waited) {
        return waited;
      }
    } else if (errno != EINTR) {
      return system_error(errno, "send");
    }
  }
  return {};
}

Result<RawMessage> Session::receive(const Deadline& deadline) {
  for (;;) {
    const auto message = reader_.next();
    if (!message) {
      return bad_answer(message.error().message());
    }
    if (message->has_value()) {
      return **message;
    }
    // Also an agent that sends without a pause must meet the deadline.
    if (deadline.passed()) {
      return no_answer(deadline);
    }
    scratch_.resize(kReceiveBytes);
    const ssize_t got = ::recv(fd_.get(), scratch_.data(), scratch_.size(), 0);
    if (got > 0) {
      reader_.feed(std::span(scratch_).first(static_cast<std::size_t>(got)));
    } else if (got == 0 || errno == ECONNRESET) {
      return failure(Failure::kNoAnswer, reader_.in_message()
                                             ? "the agent closed the connection inside a message"
                                             : "the agent closed the connection");
    } else if (errno == EAGAIN) {
      if (auto waited = wait(POLLIN, deadline); !waited) {
        return waited.error();
      }
    } else if (errno != EINTR) {
      return system_error(errno, "recv");
    }
  }
}

Result<void> Session::wait(short events, const Deadline& deadline) {
  pollfd waited{fd_.get(), events, 0};
  const int ready = ::poll(&waited, 1, deadline.poll_timeout_ms());
  if (ready == 0) {
    return no_answer(deadline);
  }
  return {};
}

}  // namespace xgops::cli
