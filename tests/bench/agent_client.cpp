// SPDX-License-Identifier: MIT
// Blocking reads and writes on a Unix socket.
#include "agent_client.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace xgops::bench {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace

AgentClient::AgentClient(const std::string& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0 || ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail(socket_path);
  }
  protocol::Hello::Request hello;
  hello.client_version = "bench";
  append<protocol::Hello>(hello);
}

AgentClient::~AgentClient() {
  ::close(fd_);
}

void AgentClient::send_all() {
  if (::send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(unsent_.size())) {
    fail("send");
  }
  unsent_.clear();
}

void AgentClient::read_exactly(std::byte* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t count = ::recv(fd_, bytes, size, 0);
    if (count <= 0) {
      fail("the agent closed the connection");
    }
    bytes += count;
    size -= static_cast<std::size_t>(count);
  }
}

std::size_t AgentClient::read_answer(protocol::MessageType type) {
  std::size_t total = 0;
  for (;;) {
    protocol::HeaderBytes bytes;
    read_exactly(bytes.data(), bytes.size());
    const auto header = protocol::decode_header(bytes, protocol::kMaxReplyBytes);
    if (!header || header->type != type) {
      throw std::runtime_error("not the answer to what was asked");
    }
    payload_.resize(header->payload_bytes);
    read_exactly(payload_.data(), payload_.size());
    total += payload_.size();
    if ((header->flags & protocol::kFinal) != 0) {
      return total;
    }
  }
}

std::string only_socket(const std::filesystem::path& directory) {
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.is_socket()) {
      return entry.path();
    }
  }
  throw std::runtime_error("no socket in " + directory.string());
}

}  // namespace xgops::bench
