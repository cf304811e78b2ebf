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

/// One connection that has said hello. All members throw `std::runtime_error` on failure.
class AgentClient {
 public:
  explicit AgentClient(const std::string& socket_path);
  ~AgentClient();
  AgentClient(const AgentClient&) = delete;
  AgentClient& operator=(const AgentClient&) = delete;

  /// Sends the request and reads the whole answer. How many bytes of payload it had.
  template <class Exchange>
  std::size_t ask(const typename Exchange::Request& request) {
    protocol::Header header;
    header.type = Exchange::kType;
    header.request_id = ++last_request_;
    send(protocol::encode_message(header, request));
    return read_answer(Exchange::kType);
  }

 private:
  void send(const protocol::Bytes& bytes);
  void read_exactly(std::byte* bytes, std::size_t size);
  std::size_t read_answer(protocol::MessageType type);

  int fd_ = -1;
  std::uint32_t last_request_ = 0;
  protocol::Bytes payload_;
};

/// The socket of the only agent in a directory.
[[nodiscard]] std::string only_socket(const std::filesystem::path& directory);

}  // namespace xgops::bench
