// SPDX-License-Identifier: MIT
// The least that a client needs: what remains is the agent's own time.
#pragma once

#include "xgops/protocol/catalog.hpp"
#include "xgops/protocol/codec.hpp"
#include "xgops/protocol/header.hpp"

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace xgops::bench {

/// One connection. Like the command it sends its hello together with the first request. All members
/// throw `std::runtime_error` on failure.
class AgentClient {
 public:
  explicit AgentClient(const std::string& socket_path);
  ~AgentClient();
  AgentClient(const AgentClient&) = delete;
  AgentClient& operator=(const AgentClient&) = delete;

  /// Sends the request and reads the whole answer. How many bytes of payload it had.
  template <class Exchange>
  std::size_t ask(const typename Exchange::Request& request) {
    append<Exchange>(request);
    send_all();
    if (!greeted_) {
      greeted_ = true;
      read_answer(protocol::Hello::kType);
    }
    return read_answer(Exchange::kType);
  }

  /// Of the last message that was read.
  [[nodiscard]] const protocol::Bytes& last_payload() const noexcept { return payload_; }

  /// Says hello and nothing else. To be called first.
  void greet() {
    send_all();
    greeted_ = true;
    read_answer(protocol::Hello::kType);
  }

 private:
  template <class Exchange>
  void append(const typename Exchange::Request& request) {
    protocol::Header header;
    header.type = Exchange::kType;
    header.request_id = ++last_request_;
    const protocol::Bytes message = protocol::encode_message(header, request);
    unsent_.insert(unsent_.end(), message.begin(), message.end());
  }
  void send_all();
  void read_exactly(std::byte* bytes, std::size_t size);
  std::size_t read_answer(protocol::MessageType type);

  int fd_ = -1;
  bool greeted_ = false;
  std::uint32_t last_request_ = 0;
  protocol::Bytes unsent_;
  protocol::Bytes payload_;
};

/// The socket of the only agent in a directory.
[[nodiscard]] std::string only_socket(const std::filesystem::path& directory);

}  // namespace xgops::bench
