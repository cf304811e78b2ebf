// SPDX-License-Identifier: MIT
// The accept loop and the clients, driven by an io_context of our own.
#include "server/reactor_server.hpp"

#include "server/connection.hpp"
#include "server/watchdog.hpp"

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <cerrno>
#include <chrono>
#include <exception>
#include <functional>
#include <list>
#include <string>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

namespace xgops::server {
namespace {

using Clock = std::chrono::steady_clock;

class ReactorServer {
 public:
  ReactorServer(commands::AgentState& state, ListeningSocket& listener, const support::Event& stop,
                support::Log& log, support::UniqueFd timer)
      : state_(state),
        stop_(stop),
        log_(log),
        watchdog_(context_, std::move(timer)),
        retry_(watchdog_, [this] { wait_for_client(); }),
        listener_(context_, listener.fd()) {}
  ~ReactorServer() {
    static_cast<void>(listener_.release());  // Its owner closes it.
  }
  ReactorServer(const ReactorServer&) = delete;
  ReactorServer& operator=(const ReactorServer&) = delete;

  Result<void> run(const std::function<void()>& on_serving);

 private:
  struct Client {
    Client(ReactorServer& server, support::UniqueFd fd)
        : connection(fd.get(), server.state_, server.stop_, server.queued_bytes_),
          too_late(server.watchdog_, [this] { descriptor.cancel(); }),
          descriptor(server.context_, fd.release()) {}

    Connection connection;
    Watchdog::Deadline too_late;
    Descriptor descriptor;
  };
  using ClientPlace = std::list<Client>::iterator;

  void wait_for_client();
  void accept_next();
  void on_accept_failure(int failure);
  void advance(ClientPlace client);
  [[nodiscard]] int find_epoll() noexcept;

  commands::AgentState& state_;
  const support::Event& stop_;
  support::Log& log_;
  // Only this thread touches it: no locks inside.
  asio::io_context context_{ASIO_CONCURRENCY_HINT_UNSAFE};
  Watchdog watchdog_;
  Watchdog::Deadline retry_;
  Descriptor listener_;
  std::size_t queued_bytes_ = 0;
  std::list<Client> clients_;
  int fatal_ = 0;  ///< errno that ended the service.
};

Result<void> ReactorServer::run(const std::function<void()>& on_serving) {
  wait_for_client();
  const int epoll = find_epoll();
  if (epoll < 0) {
    return system_error(ENOSYS, "epoll");
  }
  if (pollfd probe{}; ::poll(&probe, 0, 0) < 0) {
    return system_error(errno, "poll");
  }
  on_serving();
  // We wait for Asio's epoll descriptor rather than let Asio wait in it: where a seccomp filter
  // refuses epoll_wait, Asio would try again for ever, at the host's expense.
  constexpr int kPatience = 1000;
  int idle_turns = 0;
  while (!stop_.is_set() && fatal_ == 0) {
    try {
      idle_turns = context_.poll() > 0 ? 0 : idle_turns + 1;
    } catch (const std::exception& failure) {
      log_.write(std::string("serving: ") + failure.what());
    }
    pollfd ready{.fd = epoll, .events = POLLIN, .revents = 0};
    if (!stop_.is_set() && fatal_ == 0 && ::poll(&ready, 1, -1) < 0 && errno != EINTR) {
      fatal_ = errno;
    }
    if (idle_turns > kPatience) {
      fatal_ = EPERM;
    }
  }
  return fatal_ == 0 ? Result<void>() : system_error(fatal_, "serving clients");
}

/// Asio keeps the number to itself. It is the one epoll descriptor of this table that watches our
/// listening socket: adding that again says so, and changes nothing.
int ReactorServer::find_epoll() noexcept {
  const int listener = listener_.native_handle();
  constexpr int kSearched = 64;
  for (int fd = 0; fd < listener + kSearched; ++fd) {
    epoll_event event{};
    if (::epoll_ctl(fd, EPOLL_CTL_ADD, listener, &event) < 0 && errno == EEXIST) {
      return fd;
    }
  }
  return -1;
}

void ReactorServer::wait_for_client() {
  listener_.async_wait(Descriptor::wait_read, [this](const std::error_code& error) {
    if (!error && !stop_.is_set()) {
      accept_next();
    }
  });
}

void ReactorServer::accept_next() {
  support::UniqueFd fd(accept_client(listener_.native_handle()));
  if (!fd && errno != EAGAIN) {
    on_accept_failure(errno);
    return;
  }
  if (fd && admit(fd.get(), state_, stop_, clients_.size())) {
    advance(clients_.emplace(clients_.end(), *this, std::move(fd)));
  }
  // One at a time: the socket stays readable while more clients wait, and those who are connected
  // get a turn.
  wait_for_client();
}

void ReactorServer::on_accept_failure(int failure) {
  constexpr std::chrono::seconds kPause{1};
  log_.write("accept: " + std::generic_category().message(failure));
  if (failure == EMFILE || failure == ENFILE || failure == ENOBUFS || failure == ENOMEM) {
    retry_.set(Clock::now() + kPause);
  } else {
    fatal_ = failure;
  }
}

void ReactorServer::advance(ClientPlace client) {
  const auto next = [this, client](const std::error_code& error) {
    if (error) {  // Cancelled: the client took too long.
      clients_.erase(client);
    } else {
      advance(client);
    }
  };
  switch (client->connection.advance()) {
    case Connection::Need::kRead:
      client->too_late.set(client->connection.due());
      client->descriptor.async_wait(Descriptor::wait_read, next);
      break;
    case Connection::Need::kWrite:
      client->too_late.set(client->connection.due());
      client->descriptor.async_wait(Descriptor::wait_write, next);
      break;
    case Connection::Need::kTurn:
      asio::post(context_, [next] { next({}); });
      break;
    case Connection::Need::kEnd:
      clients_.erase(client);
      break;
  }
}

}  // namespace

Result<void> serve_with_reactor(commands::AgentState& state, ListeningSocket& listener,
                                const support::Event& stop, support::Log& log,
                                const std::function<void()>& on_serving) {
  support::UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer) {
    return system_error(errno, "timerfd_create");
  }
  try {
    ReactorServer server(state, listener, stop, log, std::move(timer));
    return server.run(on_serving);
  } catch (const std::system_error& failure) {
    // The number is errno; Asio's category must not leave this file, it is destroyed at exit.
    return xgops::system_error(failure.code().value(), "serving clients");
  }
}

}  // namespace xgops::server
