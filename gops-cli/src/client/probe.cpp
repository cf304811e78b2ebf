// SPDX-License-Identifier: MIT
// Asks many agents at a time who they are: one poll loop over all of their sockets.
#include "client/probe.hpp"

#include "client/handshake.hpp"
#include "support/failure.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

namespace xgops::cli {
namespace {

constexpr std::uint32_t kHelloId = 1;
constexpr std::uint32_t kInfoId = 2;
/// Sockets open at a time: far below the usual limit of 1024 descriptors.
constexpr std::size_t kBatch = 256;
/// How long to wait before connecting again to a listener whose queue was full.
constexpr int kRetryMs = 2;

protocol::Bytes both_requests() {
  protocol::Bytes bytes = hello_request(kHelloId);
  protocol::Header header;
  header.type = protocol::MessageType::kProcessInfo;
  header.request_id = kInfoId;
  const protocol::Bytes info = protocol::encode_message(header, protocol::ProcessInfo::Request{});
  bytes.insert(bytes.end(), info.begin(), info.end());
  return bytes;
}

/// One conversation. A few hundred bytes are sent into a fresh socket buffer, so that sending
/// never has to wait.
class Conversation {
 public:
  Conversation(Probe& probe, uid_t caller) : probe_(probe), caller_(caller) {}

  [[nodiscard]] bool done() const noexcept { return done_; }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

  void connect(const protocol::Bytes& requests) {
    auto connected = connect_socket(probe_.address);
    if (!connected) {
      if (connected.error().code != std::errc::resource_unavailable_try_again) {
        finish(std::move(connected).error());
      }
      return;
    }
    fd_ = *std::move(connected);
    auto peer = peer_of(fd_.get(), caller_);
    if (!peer) {
      return finish(std::move(peer).error());
    }
    probe_.peer = *peer;
    probe_.connected = true;
    if (::send(fd_.get(), requests.data(), requests.size(), MSG_NOSIGNAL) < 0 && errno != EPIPE &&
        errno != ECONNRESET) {
      // After EPIPE there may still be an answer to read, for example "busy".
      finish(system_error(errno, probe_.address.path()));
    }
  }

  /// Reads what is there. `scratch` is shared by all conversations.
  void receive(std::span<std::byte> scratch) {
    const ssize_t got = ::recv(fd_.get(), scratch.data(), scratch.size(), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno == ECONNRESET)) {
      return finish(bad_answer("it closed the connection"));
    }
    if (got < 0) {
      if (errno != EAGAIN && errno != EINTR) {
        finish(system_error(errno, probe_.address.path()));
      }
      return;
    }
    reader_.feed(scratch.first(static_cast<std::size_t>(got)));
    while (!done_) {
      const auto message = reader_.next();
      if (!message) {
        return finish(bad_answer(message.error().message()));
      }
      if (!message->has_value()) {
        return;
      }
      take(**message);
    }
  }

  void give_up(const Deadline& deadline) {
    if (!done_) {
      finish(no_answer(deadline));
    }
  }

 private:
  void take(const RawMessage& message) {
    if (!probe_.greeted) {
      if (auto read = read_hello(message, kHelloId, probe_.hello); !read) {
        return finish(std::move(read));
      }
      probe_.greeted = true;
      if (auto able = check_capability(probe_.hello, protocol::MessageType::kProcessInfo); !able) {
        finish(std::move(able));
      }
      return;
    }
    if (auto checked = check_reply(message, protocol::MessageType::kProcessInfo, kInfoId);
        !checked) {
      return finish(std::move(checked));
    }
    auto info = protocol::decode<protocol::ProcessInfo::Response>(message.payload);
    if (!info) {
      return finish(bad_answer(info.error().message()));
    }
    probe_.info = *std::move(info);
    finish({});
  }

  void finish(Result<void> outcome) {
    probe_.outcome = std::move(outcome);
    done_ = true;
    fd_.reset();
  }

  Probe& probe_;
  uid_t caller_;
  UniqueFd fd_;
  MessageReader reader_;
  bool done_ = false;
};

void run_batch(std::span<Conversation> batch, const protocol::Bytes& requests,
               std::span<std::byte> scratch, const Deadline& deadline) {
  std::vector<pollfd> waits;
  std::vector<Conversation*> waiting;
  for (;;) {
    waits.clear();
    waiting.clear();
    bool queue_full = false;
    for (Conversation& conversation : batch) {
      if (!conversation.done() && conversation.fd() < 0) {
        conversation.connect(requests);
      }
      if (conversation.done()) {
        continue;
      }
      if (conversation.fd() < 0) {
        queue_full = true;
        continue;
      }
      waits.push_back({conversation.fd(), POLLIN, 0});
      waiting.push_back(&conversation);
    }
    if ((waits.empty() && !queue_full) || deadline.passed()) {
      break;
    }
    // A Unix socket gives no event when a full queue drains: look again soon.
    const int left = deadline.poll_timeout_ms();
    ::poll(waits.data(), waits.size(), queue_full ? std::min(left, kRetryMs) : left);
    for (std::size_t i = 0; i < waits.size(); ++i) {
      if (waits[i].revents != 0) {
        waiting[i]->receive(scratch);
      }
    }
  }
  for (Conversation& conversation : batch) {
    conversation.give_up(deadline);
  }
}

}  // namespace

std::vector<Probe> probe_all(std::vector<SocketAddress> addresses, uid_t caller,
                             const Deadline& deadline) {
  std::vector<Probe> probes(addresses.size());
  const protocol::Bytes requests = both_requests();
  std::array<std::byte, 16384> scratch;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  std::vector<Conversation> batch;
  batch.reserve(kBatch);
  for (std::size_t begin = 0; begin < addresses.size(); begin += kBatch) {
    const std::size_t end = std::min(begin + kBatch, addresses.size());
    batch.clear();
    for (std::size_t i = begin; i < end; ++i) {
      probes[i].address = std::move(addresses[i]);
      batch.emplace_back(probes[i], caller);
    }
    run_batch(batch, requests, scratch, deadline);
  }
  return probes;
}

}  // namespace xgops::cli
