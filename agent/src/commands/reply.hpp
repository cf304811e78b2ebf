// SPDX-License-Identifier: MIT
// The answer to one request, as a command writes it: some messages, the last one marked final.
#pragma once

#include "xgops/protocol/codec.hpp"
#include "xgops/protocol/errc.hpp"
#include "xgops/protocol/header.hpp"
#include "xgops/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace xgops::commands {

/// Takes the messages of an answer to the client. The server implements it; tests replace it.
class ReplyChannel {
 public:
  ReplyChannel() = default;
  virtual ~ReplyChannel() = default;
  ReplyChannel(const ReplyChannel&) = delete;
  ReplyChannel& operator=(const ReplyChannel&) = delete;

  /// Queues one whole message; never blocks. False: the client is gone or too far behind with
  /// reading, so nothing more will reach it.
  virtual bool send(protocol::Bytes message) = 0;

  /// Whether nobody waits for the answer any more: the client hung up, or the agent stops.
  /// Cost: one system call.
  [[nodiscard]] virtual bool cancelled() = 0;
};

/// What the header of every message of one answer has in common, and when it is due.
struct ReplyTerms {
  std::uint8_t version = 1;
  std::uint32_t request_id = 0;
  std::chrono::steady_clock::time_point arrival;  ///< When the request was read.
  std::chrono::steady_clock::time_point deadline;
};

/// The answer to a request of type `Exchange`: any number of `emit`, then exactly one `finish`
/// unless the command returns an error, which then ends the answer instead.
template <class Exchange>
class Reply {
 public:
  using Response = typename Exchange::Response;

  Reply(ReplyChannel& channel, const ReplyTerms& terms) : channel_(channel), terms_(terms) {}
  ~Reply() = default;
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;

  /// Sends one message of a series. False: stop, the rest would not arrive; return without
  /// `finish`, or with it, it does not matter.
  bool emit(const Response& response) { return send(response, protocol::kNoFlags); }

  /// Sends the last message.
  void finish(const Response& response) {
    send(response, protocol::kFinal);
    finished_ = true;
  }

  [[nodiscard]] bool cancelled() const { return lost_ || channel_.cancelled(); }
  [[nodiscard]] std::chrono::steady_clock::time_point arrival() const { return terms_.arrival; }
  [[nodiscard]] std::chrono::steady_clock::time_point deadline() const { return terms_.deadline; }

  // For the dispatcher.
  [[nodiscard]] bool finished() const { return finished_; }
  /// Whether a message could not be delivered: the answer cannot be completed.
  [[nodiscard]] bool lost() const { return lost_; }

 private:
  bool send(const Response& response, std::uint8_t flags) {
    if (lost_) {
      return false;
    }
    protocol::Bytes message =
        protocol::encode_message(protocol::Header{.version = terms_.version,
                                                  .flags = flags,
                                                  .type = Exchange::kType,
                                                  .request_id = terms_.request_id,
                                                  .payload_bytes = 0},
                                 response);
    const bool fits = message.size() <= protocol::kHeaderBytes + protocol::kMaxReplyBytes &&
                      ++messages_ <= protocol::kMaxReplyMessages;
    lost_ = !fits || !channel_.send(std::move(message));
    return !lost_;
  }

  ReplyChannel& channel_;
  ReplyTerms terms_;
  std::uint32_t messages_ = 0;
  bool finished_ = false;
  bool lost_ = false;
};

}  // namespace xgops::commands
