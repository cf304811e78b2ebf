// SPDX-License-Identifier: MIT
// A small server with the threads that real ones have, to look at with xgops; see scripts/demo.
//
// Clients send lines to 127.0.0.1:PORT. A pool of workers answers `echo TEXT`. The thread
// `replicate` holds the ledger's lock while it waits for a replica that does not answer, so
// `report` cannot get on: the kind of stop that one wants to understand from outside. The line
// `release` makes the replica answer.

#include "xgops/agent.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace demo {

/// What a system call returned. Ends the program when that says that it failed.
int checked(int result, const char* call) {
  if (result < 0) {
    std::perror(call);
    std::_Exit(1);
  }
  return result;
}

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { ::close(fd_); }
  [[nodiscard]] int fd() const { return fd_; }

  void send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) {
        return;  // The peer has gone; whoever reads from it will see that too.
      }
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// Some of what the peer sent next; empty at its end.
  [[nodiscard]] std::string receive() const {
    std::array<char, 4096> bytes{};
    const ssize_t received = ::recv(fd_, bytes.data(), bytes.size(), 0);
    return {bytes.data(), received > 0 ? static_cast<std::size_t>(received) : 0};
  }

 private:
  int fd_;
};

/// A line from a client. Keeps the connection open until it is answered.
struct Request {
  std::shared_ptr<Socket> client;
  std::string line;
};

class RequestQueue {
 public:
  void push(Request request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
    changed_.notify_one();
  }

  /// The next request; nothing once the queue is closed.
  std::optional<Request> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !requests_.empty(); });
    if (closed_) {
      return std::nullopt;
    }
    Request request = std::move(requests_.front());
    requests_.pop_front();
    return request;
  }

  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Request> requests_;
  bool closed_ = false;
};

std::string answer_to(std::string_view line) {
  if (line.starts_with("echo ")) {
    return std::string(line.substr(5)) + "\n";
  }
  return "try: echo TEXT or release\n";
}

void serve_requests(RequestQueue& queue) {
  while (const auto request = queue.pop()) {
    request->client->send(answer_to(request->line));
  }
}

/// Accepts clients and cuts what they send into lines, all in one thread.
class EventLoop {
 public:
  EventLoop(const Socket& listener, RequestQueue& queue) : listener_(listener), queue_(queue) {
    watch(listener_.fd());
  }

  /// Returns when somebody shuts the listener down.
  void run() {
    for (;;) {
      epoll_event event{};
      if (::epoll_wait(epoll_.fd(), &event, 1, -1) != 1) {
        continue;
      }
      if (event.data.fd != listener_.fd()) {
        read_lines(event.data.fd);
      } else if (!accept_client()) {
        return;
      }
    }
  }

 private:
  struct Client {
    std::shared_ptr<Socket> socket;
    std::string unfinished_line;
  };

  void watch(int fd) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    checked(::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
  }

  bool accept_client() {
    const int fd = ::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) {
      return errno != EINVAL;
    }
    clients_[fd].socket = std::make_shared<Socket>(fd);
    watch(fd);
    return true;
  }

  void read_lines(int fd) {
    constexpr std::size_t kLongestLine = std::size_t{64} * 1024;
    auto& [socket, text] = clients_.at(fd);
    const std::string received = socket->receive();
    if (received.empty() || text.size() > kLongestLine) {
      ::epoll_ctl(epoll_.fd(), EPOLL_CTL_DEL, fd, nullptr);  // A worker may keep it open.
      clients_.erase(fd);
      return;
    }
    text += received;
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
      handle_line({socket, text.substr(0, end)});
      text.erase(0, end + 1);
    }
  }

  void handle_line(Request request) {
    if (request.line == "replicate") {
      replicas_.push_back(std::move(request.client));
    } else if (request.line == "release") {
      for (const auto& replica : std::exchange(replicas_, {})) {
        replica->send("confirmed\n");
      }
    } else {
      queue_.push(std::move(request));
    }
  }

  const Socket& listener_;
  RequestQueue& queue_;
  Socket epoll_{checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
  std::map<int, Client> clients_;
  std::vector<std::shared_ptr<Socket>> replicas_;  ///< Connections that wait for `release`.
};

/// A total that a replica must confirm before anybody may see it.
class Ledger {
 public:
  void replicate(const Socket& replica, std::promise<void>& locked) {
    const std::lock_guard lock(mutex_);
    locked.set_value();
    replica.send("replicate\n");
    confirmed_ = !replica.receive().empty();
  }

  void report() {
    const std::lock_guard lock(mutex_);
    std::printf("the total is %s\n", confirmed_ ? "confirmed" : "not confirmed");
    std::fflush(stdout);
  }

 private:
  std::mutex mutex_;
  bool confirmed_ = false;
};

void rotate_logs(const std::atomic<bool>& stopping) {
  while (!stopping) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

std::jthread start_thread(const char* name, std::function<void()> run) {
  return std::jthread([name, run = std::move(run)] {
    ::pthread_setname_np(::pthread_self(), name);
    run();
  });
}

/// Serves until SIGINT or SIGTERM, which every thread must have blocked.
void serve(const sigset_t& signals) {
  const auto stream_socket = [] { return checked(::socket(AF_INET, SOCK_STREAM, 0), "socket"); };
  const Socket listener(stream_socket());
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic_address = reinterpret_cast<sockaddr*>(&address);
  checked(::bind(listener.fd(), generic_address, size), "bind");
  checked(::listen(listener.fd(), SOMAXCONN), "listen");
  checked(::getsockname(listener.fd(), generic_address, &size), "getsockname");
  const Socket replica(stream_socket());
  checked(::connect(replica.fd(), generic_address, size), "connect");

  RequestQueue queue;
  Ledger ledger;
  std::atomic<bool> stopping{false};
  std::promise<void> locked;
  std::vector<std::jthread> threads;
  for (const char* name : {"worker-1", "worker-2", "worker-3", "worker-4"}) {
    threads.push_back(start_thread(name, [&] { serve_requests(queue); }));
  }
  threads.push_back(start_thread("net", [&] { EventLoop(listener, queue).run(); }));
  threads.push_back(start_thread("log-rotate", [&] { rotate_logs(stopping); }));
  threads.push_back(start_thread("replicate", [&] { ledger.replicate(replica, locked); }));
  locked.get_future().wait();
  threads.push_back(start_thread("report", [&] { ledger.report(); }));

  std::printf("ready %d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  int received = 0;
  ::sigwait(&signals, &received);

  ::shutdown(listener.fd(), SHUT_RDWR);
  ::shutdown(replica.fd(), SHUT_RDWR);
  queue.close();
  stopping = true;
}

}  // namespace demo

int main() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const auto agent = xgops::Agent::start();
  if (!agent) {
    std::fprintf(stderr, "demo_server: no agent: %s\n", agent.error().message().c_str());
  }
  demo::serve(signals);
}
