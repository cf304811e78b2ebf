// SPDX-License-Identifier: MIT
// The test client.
#include "client.hpp"

#include "xgops/protocol/endpoint.hpp"
#include "xgops/protocol/errc.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace xgops::test {
namespace {

using Clock = std::chrono::steady_clock;

bool readable_until(int fd, Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&ready, 1, static_cast<int>(std::max(left, decltype(left){0}))) > 0;
}

/// Fills `buffer`; false at the end of the stream or when nothing comes.
bool read_all(int fd, std::span<std::byte> buffer) {
  const auto deadline = Clock::now() + Client::kPatience;
  while (!buffer.empty()) {
    if (!readable_until(fd, deadline)) {
      return false;
    }
    const ssize_t count = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (count <= 0) {
      return false;
    }
    buffer = buffer.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

Result<Client> Client::connect(const std::filesystem::path& socket) {
  support::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return system_error(errno, socket.string());
  }
  return Client(std::move(fd));
}

Client::Client(support::UniqueFd fd) : fd_(std::move(fd)) {}

bool Client::send(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) {
      return false;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

std::optional<Message> Client::receive() {
  protocol::HeaderBytes head{};
  if (!read_all(fd(), head)) {
    return std::nullopt;
  }
  const auto header = protocol::decode_header(head, protocol::kMaxReplyBytes);
  if (!header) {
    return std::nullopt;
  }
  Message message{.header = header.value(), .payload = {}};
  message.payload.resize(message.header.payload_bytes);
  if (!read_all(fd(), message.payload)) {
    return std::nullopt;
  }
  return message;
}

std::optional<protocol::ErrorReply> Client::receive_error() {
  const auto message = receive();
  if (!message || message->header.type != protocol::MessageType::kError) {
    return std::nullopt;
  }
  auto reply = protocol::decode<protocol::ErrorReply>(message->payload);
  return reply ? std::optional(std::move(*reply)) : std::nullopt;
}

bool Client::ends() {
  std::byte next{};
  return readable_until(fd(), Clock::now() + kPatience) && ::recv(fd(), &next, 1, 0) <= 0;
}

Error Client::gone() {
  return {make_error_code(protocol::Errc::kTruncated), "the agent"};
}

Error Client::error_of(const Message& message) {
  const auto reply = protocol::decode<protocol::ErrorReply>(message.payload);
  return reply ? Error{make_error_code(reply.value().code), reply.value().text, reply.value().hint}
               : reply.error();
}

std::optional<std::filesystem::path> wait_for_socket(const std::filesystem::path& directory,
                                                     pid_t pid) {
  const auto deadline = Clock::now() + Client::kPatience;
  // Before the first look, so that nothing is missed between a look and a wait.
  const support::UniqueFd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ::inotify_add_watch(watch.get(), directory.c_str(), IN_CREATE);
  do {
    std::array<char, 4096> events{};
    while (::read(watch.get(), events.data(), events.size()) > 0) {
    }
    for (const auto& path : sockets_in(directory)) {
      const auto endpoint = protocol::parse_socket_name(path.filename().string());
      // The file is there before its socket listens; and another process may have left it.
      for (bool is_retried = true; endpoint && endpoint->pid == pid && is_retried;) {
        auto client = Client::connect(path);
        if (client && client->hello()) {
          return path;
        }
        is_retried = !client && client.error().code == std::errc::connection_refused &&
                     Clock::now() < deadline && std::filesystem::exists(path);
      }
    }
  } while (readable_until(watch.get(), deadline));
  return std::nullopt;
}

std::vector<std::filesystem::path> sockets_in(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> sockets;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (protocol::parse_socket_name(entry.path().filename().string())) {
      sockets.push_back(entry.path());
    }
  }
  std::sort(sockets.begin(), sockets.end());
  return sockets;
}

}  // namespace xgops::test
