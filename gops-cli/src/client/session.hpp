// SPDX-License-Identifier: MIT
// A conversation with one agent: greet, ask, receive the parts of the answer.
#pragma once

#include "client/agent_socket.hpp"
#include "client/handshake.hpp"
#include "client/message_reader.hpp"
#include "support/deadline.hpp"
#include "xgops/protocol/codec.hpp"
#include "xgops/protocol/header.hpp"
#include "xgops/protocol/messages/hello.hpp"
#include "xgops/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>

namespace xgops::cli {

/// Most bytes of one answer that we take: 14 million frames. An agent that never stops sending ends
/// here.
inline constexpr std::size_t kMaxAnswerBytes = std::size_t{128} * 1024 * 1024;

/// A connected agent. Every wait ends at the deadline given; after an error the session is over.
class Session {
 public:
  /// Errors: as of `connect_socket` and `peer_of`; `Failure::kNoAnswer` when the listener's queue
  /// stays full.
  [[nodiscard]] static Result<Session> connect(const SocketAddress& address, uid_t caller,
                                               const Deadline& deadline);

  [[nodiscard]] const Peer& peer() const noexcept { return peer_; }
  /// Valid after the first answer.
  [[nodiscard]] const protocol::Hello::Response& hello() const noexcept { return hello_; }

  /// Sends `Hello` alone and waits for its answer. Optional: `ask` sends it along otherwise.
  Result<void> greet(const Deadline& deadline);

  /// Asks for `Exchange`, whose answer is one message.
  template <class Exchange>
  Result<typename Exchange::Response> ask(const typename Exchange::Request& request,
                                          const Deadline& deadline) {
    typename Exchange::Response answer;
    int parts = 0;
    auto asked = ask_parts<Exchange>(request, deadline, [&](typename Exchange::Response part) {
      answer = std::move(part);
      ++parts;
    });
    if (!asked) {
      return std::move(asked).error();
    }
    if (parts != 1) {
      return bad_answer("several messages where one belongs");
    }
    return answer;
  }

  /// Asks for `Exchange` and hands every message of the answer to `on_part`, in order.
  template <class Exchange, class OnPart>
  Result<void> ask_parts(const typename Exchange::Request& request, const Deadline& deadline,
                         OnPart&& on_part) {
    protocol::Header header;
    header.type = Exchange::kType;
    header.request_id = next_request_id_++;
    return exchange(header, protocol::encode_message(header, request), deadline,
                    [&](std::span<const std::byte> payload) -> Result<void> {
                      auto part = protocol::decode<typename Exchange::Response>(payload);
                      if (!part) {
                        return bad_answer(part.error().message());
                      }
                      on_part(*std::move(part));
                      return {};
                    });
  }

 private:
  using OnPayload = std::function<Result<void>(std::span<const std::byte>)>;

  Session(UniqueFd fd, Peer peer) : fd_(std::move(fd)), peer_(peer) {}

  Result<void> exchange(const protocol::Header& request, protocol::Bytes bytes, Deadline deadline,
                        const OnPayload& on_payload);
  Result<void> send(std::span<const std::byte> bytes, const Deadline& deadline);
  Result<RawMessage> receive(const Deadline& deadline);
  Result<void> wait(short events, const Deadline& deadline);

  UniqueFd fd_;
  Peer peer_;
  protocol::Hello::Response hello_;
  bool greeted_ = false;
  std::uint32_t next_request_id_ = 2;  ///< 1 is `Hello`.
  MessageReader reader_;
  protocol::Bytes scratch_;
};

}  // namespace xgops::cli
