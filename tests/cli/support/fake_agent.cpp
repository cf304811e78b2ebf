// SPDX-License-Identifier: MIT
// An agent without a target.
#include "cli/support/fake_agent.hpp"

#include "proc/process.hpp"
#include "xgops/protocol/codec.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace xgops::test {
namespace {

using protocol::Bytes;
using protocol::Header;
using protocol::MessageType;

constexpr int kTrickleMs = 5;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

Header reply_header(const Header& request, bool final = true) {
  Header header;
  header.type = request.type;
  header.request_id = request.request_id;
  header.flags = final ? protocol::kFinal : protocol::kNoFlags;
  return header;
}

}  // namespace

/// One accepted connection. Every wait also ends when the agent is to stop.
class FakeAgent::Peer {
 public:
  Peer(int fd, int stop) : fd_(fd), stop_(stop) {}
  ~Peer() { ::close(fd_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// False when the peer has gone or the agent is to stop.
  bool read(std::span<std::byte> bytes) {
    while (!bytes.empty()) {
      if (!wait(POLLIN)) {
        return false;
      }
      const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (got <= 0) {
        return false;
      }
      bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
    return true;
  }

  bool write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      if (!wait(POLLOUT)) {
        return false;
      }
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent <= 0) {
        return false;
      }
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
    return true;
  }

  template <class Message>
  bool reply(const Header& request, const Message& message, bool final = true) {
    return write(protocol::encode_message(reply_header(request, final), message));
  }

  /// Until the peer closes or the agent is to stop.
  void wait_for_end() {
    std::array<std::byte, 64> ignored{};
    while (read(ignored)) {
    }
  }

  /// False when the agent is to stop.
  bool pause(int milliseconds) const {
    pollfd stop{stop_, POLLIN, 0};
    return ::poll(&stop, 1, milliseconds) == 0;
  }

 private:
  bool wait(short events) const {
    std::array<pollfd, 2> waits{{{fd_, events, 0}, {stop_, POLLIN, 0}}};
    return ::poll(waits.data(), waits.size(), -1) > 0 && waits[1].revents == 0;
  }

  int fd_;
  int stop_;
};

protocol::Endpoint own_endpoint() {
  const auto stat = cli::proc::Table().stat(::getpid());
  return {::getpid(), stat ? stat->start_time_ticks : 0};
}

FakeAgentOptions plausible_agent() {
  FakeAgentOptions options;
  protocol::ProcessInfo::Response& info = options.info;
  info.pid = ::getpid();
  info.parent_pid = ::getppid();
  info.name = "fake-server";
  info.path = "/usr/bin/fake-server";
  info.uptime_ns = 3'912'000'000'000;
  info.os_threads = 5;
  info.agent_version = "0.1.0";
  info.agent_mode = "linked";
  options.vitals.os_threads = 5;
  options.vitals.cpu_count = 8;
  options.vitals.cpu_quota_millis = 1500;
  options.vitals.load_millis = {520, 480, 400};
  options.vitals.rss_bytes = 12'900'000;
  options.vitals.virtual_bytes = 1'288'490'188;
  options.vitals.uptime_ns = 3'912'000'000'000;
  options.vitals.cpu_time_ns = 3'200'000'000;
  options.vitals.open_fds = 34;
  options.vitals.fd_limit = 1024;
  options.vitals.requests_served = 12;
  return options;
}

FakeAgent::FakeAgent(const std::filesystem::path& directory, FakeAgentOptions options)
    : options_(std::move(options)), endpoint_(options_.endpoint.value_or(own_endpoint())) {
  path_ = directory / protocol::socket_name(endpoint_);
  if (options_.claimed_pid == 0) {
    options_.claimed_pid = endpoint_.pid;
  }
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path_.native().size() >= sizeof(name.sun_path)) {
    errno = ENAMETOOLONG;
    fail("fake agent");
  }
  std::memcpy(name.sun_path, path_.c_str(), path_.native().size());
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  stop_ = ::eventfd(0, EFD_CLOEXEC);
  if (listener_ < 0 || stop_ < 0 ||
      ::bind(listener_, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) != 0 ||
      ::listen(listener_, 16) != 0) {
    fail(path_.c_str());
  }
  thread_ = std::thread([this] { serve(); });
}

FakeAgent::~FakeAgent() {
  const std::uint64_t one = 1;
  if (::write(stop_, &one, sizeof(one)) == sizeof(one)) {
    thread_.join();
  }
  ::close(listener_);
  ::close(stop_);
  ::unlink(path_.c_str());
}

void FakeAgent::serve() {
  for (;;) {
    std::array<pollfd, 2> waits{{{listener_, POLLIN, 0}, {stop_, POLLIN, 0}}};
    if (::poll(waits.data(), waits.size(), -1) < 0 || waits[1].revents != 0) {
      return;
    }
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) {
      continue;
    }
    ++connections_;
    Peer peer(fd, stop_);
    if (options_.behaviour == Behaviour::kBusy) {
      peer.reply(Header{}, protocol::ErrorReply{protocol::Errc::kBusy, "32 clients are connected",
                                                "try again in a moment"});
      peer.wait_for_end();
      continue;
    }
    protocol::HeaderBytes bytes{};
    while (options_.behaviour != Behaviour::kCloses && peer.read(bytes)) {
      const auto header = protocol::decode_header(bytes, protocol::kMaxRequestBytes);
      Bytes payload(header ? header->payload_bytes : 0);
      if (!header || !peer.read(payload) || !answer(peer, *header, payload)) {
        break;
      }
    }
  }
}

bool FakeAgent::greet(Peer& peer, const Header& header) {
  protocol::Hello::Response hello;
  hello.pid = options_.claimed_pid;
  hello.start_time_ticks = endpoint_.start_time_ticks;
  hello.agent_version = options_.info.agent_version;
  hello.capabilities = {3, 4, 5, 6};
  if (options_.has_tasks) {
    hello.capabilities.insert(hello.capabilities.end(), {7, 8, 9, 10});
  }
  if (options_.behaviour == Behaviour::kNewerProtocol) {
    hello.status = protocol::HelloStatus::kNoCommonVersion;
    hello.min_version = protocol::kMaxVersion + 1;
    hello.max_version = protocol::kMaxVersion + 2;
    hello.agent_version = "9.0.0";
  } else if (options_.behaviour == Behaviour::kOlderAgent) {
    hello.agent_version = "0.0.9";
    hello.capabilities.clear();
  }
  return peer.reply(header, hello);
}

bool FakeAgent::misbehave(Peer& peer, const Header& header) {
  Header wrong = reply_header(header);
  switch (options_.behaviour) {
    case Behaviour::kMalformedPayload:
      wrong.payload_bytes = 3;
      return peer.write(protocol::encode_header(wrong)) && peer.write(Bytes(3, std::byte{0xff}));
    case Behaviour::kWrongType:
      wrong.type =
          header.type == MessageType::kVitals ? MessageType::kThreads : MessageType::kVitals;
      return peer.write(protocol::encode_message(wrong, options_.vitals));
    case Behaviour::kWrongId:
      wrong.request_id += 1000;
      return peer.write(protocol::encode_message(wrong, options_.vitals));
    case Behaviour::kErrorReply:
      wrong.type = MessageType::kError;
      return peer.write(protocol::encode_message(wrong, options_.error));
    case Behaviour::kEndless: {
      protocol::Threads::Response part;
      part.threads.resize(64);
      wrong.flags = protocol::kNoFlags;
      const Bytes message = protocol::encode_message(wrong, part);
      while (peer.write(message)) {
      }
      return false;
    }
    case Behaviour::kSlowTrickle: {
      wrong.payload_bytes = protocol::kMaxReplyBytes;
      bool open = peer.write(protocol::encode_header(wrong));
      while (open && peer.pause(kTrickleMs)) {
        open = peer.write(Bytes(1));
      }
      return false;
    }
    default:
      return false;
  }
}

bool FakeAgent::answer(Peer& peer, const Header& header, std::span<const std::byte> payload) {
  if (answered_++ == options_.answers) {
    answered_ = options_.answers;
    return false;
  }
  switch (options_.behaviour) {
    case Behaviour::kSilent:
      peer.wait_for_end();
      return false;
    case Behaviour::kClosesInHeader: {
      const protocol::HeaderBytes bytes = protocol::encode_header(reply_header(header));
      peer.write(std::span(bytes).first(7));
      return false;
    }
    case Behaviour::kClosesInPayload: {
      const Bytes hello =
          protocol::encode_message(reply_header(header), protocol::Hello::Response{});
      peer.write(std::span(hello).first(protocol::kHeaderBytes + 5));
      return false;
    }
    case Behaviour::kGarbage:
      peer.write(Bytes(64, std::byte{'G'}));
      peer.wait_for_end();
      return false;
    case Behaviour::kOversize: {
      Header huge = reply_header(header);
      huge.payload_bytes = 0xffffffff;
      peer.write(protocol::encode_header(huge));
      peer.wait_for_end();
      return false;
    }
    default:
      break;
  }
  if (header.type == MessageType::kHello) {
    return greet(peer, header);
  }
  if (options_.behaviour != Behaviour::kNormal) {
    return misbehave(peer, header);
  }
  switch (header.type) {
    case MessageType::kProcessInfo:
      return peer.reply(header, options_.info);
    case MessageType::kVitals:
      return peer.reply(header, options_.vitals);
    case MessageType::kThreads:
      for (std::size_t i = 0; i < options_.threads.size(); ++i) {
        if (!peer.reply(header, options_.threads[i], i + 1 == options_.threads.size())) {
          return false;
        }
      }
      return !options_.threads.empty();
    case MessageType::kStacks:
      if (auto request = protocol::decode<protocol::Stacks::Request>(payload)) {
        const std::lock_guard lock(mutex_);
        last_stacks_ = *request;
      }
      for (std::size_t i = 0; i < options_.stacks.size(); ++i) {
        if (!peer.reply(header, options_.stacks[i], i + 1 == options_.stacks.size())) {
          return false;
        }
      }
      return !options_.stacks.empty();
    case MessageType::kTasks:
      return answer_tasks(peer, header, payload);
    case MessageType::kPending:
      for (std::size_t i = 0; i + 1 < options_.pending.size(); ++i) {
        if (!peer.reply(header, options_.pending[i], false)) {
          return false;
        }
      }
      return peer.reply(header, options_.pending.empty() ? protocol::Pending::Response{}
                                                         : options_.pending.back());
    case MessageType::kWaits:
      return peer.reply(header, options_.waits);
    case MessageType::kProof:
      return answer_proof(peer, header, payload);
    default:
      return false;
  }
}

bool FakeAgent::answer_proof(Peer& peer, const Header& header, std::span<const std::byte> payload) {
  const auto request = protocol::decode<protocol::Proof::Request>(payload);
  if (!request) {
    return false;
  }
  {
    const std::lock_guard lock(mutex_);
    last_proof_ = *request;
  }
  protocol::Proof::Response before;
  before.estimate = options_.proof.estimate;
  const bool refused = options_.proof.status == protocol::ProofStatus::kTooLarge ||
                       options_.proof.status == protocol::ProofStatus::kNoRoom;
  if (request->estimate_only) {
    before.status = refused ? options_.proof.status : protocol::ProofStatus::kEstimated;
    before.problem = refused ? options_.proof.problem : "";
    return peer.reply(header, before);
  }
  return (refused || peer.reply(header, before, false)) && peer.reply(header, options_.proof);
}

bool FakeAgent::answer_tasks(Peer& peer, const Header& header, std::span<const std::byte> payload) {
  const auto request = protocol::decode<protocol::Tasks::Request>(payload);
  if (!request) {
    return false;
  }
  {
    const std::lock_guard lock(mutex_);
    last_tasks_ = *request;
  }
  auto parts = request->group ? options_.task_groups : options_.tasks;
  if (parts.empty()) {
    parts.emplace_back();
  }
  std::size_t found = 0;
  for (protocol::Tasks::Response& part : parts) {
    std::erase_if(part.tasks, [&](const protocol::Task& task) {
      return request->id != 0 && task.id != request->id;
    });
    found += part.tasks.size();
  }
  if (request->id != 0 && found == 0) {
    Header error = reply_header(header);
    error.type = MessageType::kError;
    return peer.write(protocol::encode_message(
        error, protocol::ErrorReply{protocol::Errc::kNotFound,
                                    "there is no task " + std::to_string(request->id), ""}));
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!peer.reply(header, parts[i], i + 1 == parts.size())) {
      return false;
    }
  }
  return true;
}

}  // namespace xgops::test
