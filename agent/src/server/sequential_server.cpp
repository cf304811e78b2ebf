// SPDX-License-Identifier: MIT
// The fallback server: blocking calls in a table that the host shares.
#include "server/sequential_server.hpp"

#include "server/connection.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <poll.h>

namespace xgops::server {
namespace {

using Clock = std::chrono::steady_clock;

/// False: `due` came first.
bool wait_for(int fd, short events, Clock::time_point due) noexcept {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now()).count();
  pollfd socket{.fd = fd, .events = events, .revents = 0};
  const int ready = ::poll(&socket, 1, static_cast<int>(std::max<long>(left, 0)));
  return ready > 0 || (ready < 0 && errno == EINTR);
}

void serve(const support::GuardedFd& client, commands::AgentState& state,
           const support::Event& stop) {
  // Others wait meanwhile.
  constexpr std::chrono::seconds kPatience{2};
  std::size_t queued_bytes = 0;
  Connection connection(client.get(), state, stop, queued_bytes);
  while (client.still_ours() && !stop.is_set()) {
    const Connection::Need need = connection.advance();
    if (need == Connection::Need::kEnd) {
      return;
    }
    const auto due = std::min(connection.due(), Clock::now() + kPatience);
    if ((need == Connection::Need::kRead && !wait_for(client.get(), POLLIN, due)) ||
        (need == Connection::Need::kWrite && !wait_for(client.get(), POLLOUT, due))) {
      return;
    }
  }
}

}  // namespace

Result<ServiceEnd> serve_one_by_one(commands::AgentState& state, ListeningSocket& listener,
                                    const support::Event& stop, support::Log& log,
                                    const std::function<void()>& on_serving) {
  // In a blocking accept our socket lives on even when the host closes its number: the client that
  // ends the wait is served, and then we notice.
  if (::fcntl(listener.fd(), F_SETFL, 0) != 0) {
    return system_error(errno, listener.path());
  }
  on_serving();
  while (!stop.is_set()) {
    if (!listener.still_ours()) {
      return ServiceEnd::kSocketLost;
    }
    support::UniqueFd accepted(accept_client(listener.fd()));
    if (stop.is_set()) {
      break;
    }
    if (!accepted) {
      const int failure = errno;
      log.write("accept: " + std::generic_category().message(failure));
      if (failure != EMFILE && failure != ENFILE && failure != ENOBUFS && failure != ENOMEM) {
        return system_error(failure, "serving clients");
      }
      // Until something is closed; a second is enough to cost nothing.
      static_cast<void>(stop.wait_until(Clock::now() + std::chrono::seconds(1)));
      continue;
    }
    const support::GuardedFd client(std::move(accepted), support::FdTable::kShared);
    if (admit(client.get(), state, stop, 0)) {
      serve(client, state, stop);
    }
  }
  return ServiceEnd::kStopped;
}

}  // namespace xgops::server
