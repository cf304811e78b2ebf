// SPDX-License-Identifier: MIT
// A client for tests of the agent: typed exchanges, and raw bytes for those who misbehave.
#pragma once

#include "support/unique_fd.hpp"
#include "xgops/protocol/catalog.hpp"
#include "xgops/protocol/codec.hpp"
#include "xgops/protocol/header.hpp"
#include "xgops/result.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace xgops::test {

/// A message as it came.
struct Message {
  protocol::Header header;
  protocol::Bytes payload;
};

/// Every wait ends after `kPatience` at the latest.
class Client {
 public:
  static constexpr std::chrono::seconds kPatience{30};

  /// Errors: those of connect(2).
  static Result<Client> connect(const std::filesystem::path& socket);
  /// Takes a connected socket.
  explicit Client(support::UniqueFd fd);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  void close() noexcept { fd_.reset(); }

  /// Sends all of `bytes`; false when the peer has gone.
  bool send(std::span<const std::byte> bytes);
  template <class Request>
  bool send_request(protocol::MessageType type, const Request& request) {
    return send(protocol::encode_message(protocol::Header{.type = type, .request_id = ++last_id_},
                                         request));
  }
  /// The next message; nothing at the end of the connection.
  std::optional<Message> receive();
  /// The `ErrorReply` that comes next; nothing when something else comes.
  std::optional<protocol::ErrorReply> receive_error();
  /// Whether the connection ends next.
  bool ends();

  /// Asks and takes the whole answer. An `ErrorReply` becomes its code and text.
  template <class Exchange>
  Result<std::vector<typename Exchange::Response>> ask_all(
      const typename Exchange::Request& request = {}) {
    std::vector<typename Exchange::Response> responses;
    if (!send_request(Exchange::kType, request)) {
      return gone();
    }
    for (;;) {
      const auto message = receive();
      if (!message || message->header.request_id != last_id_) {
        return gone();
      }
      if (message->header.type == protocol::MessageType::kError) {
        return error_of(*message);
      }
      auto response = protocol::decode<typename Exchange::Response>(message->payload);
      if (!response) {
        return response.error();
      }
      responses.push_back(std::move(*response));
      if (message->header.flags == protocol::kFinal) {
        return responses;
      }
    }
  }
  /// The same for an answer of one message.
  template <class Exchange>
  Result<typename Exchange::Response> ask(const typename Exchange::Request& request = {}) {
    auto responses = ask_all<Exchange>(request);
    if (!responses) {
      return std::move(responses).error();
    }
    return std::move(responses->front());
  }
  Result<protocol::Hello::Response> hello() { return ask<protocol::Hello>(); }

 private:
  static Error gone();
  static Error error_of(const Message& message);

  support::UniqueFd fd_;
  std::uint32_t last_id_ = 0;
};

/// The socket of process `pid` in `directory`; waits until there is one that answers. Nothing after
/// `Client::kPatience`.
[[nodiscard]] std::optional<std::filesystem::path> wait_for_socket(
    const std::filesystem::path& directory, pid_t pid);

/// Names of all sockets in `directory`.
[[nodiscard]] std::vector<std::filesystem::path> sockets_in(const std::filesystem::path& directory);

}  // namespace xgops::test
