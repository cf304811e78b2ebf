// SPDX-License-Identifier: MIT
// A small server with the threads and the coroutines that real ones have, to look at with xgops;
// see scripts/demo. Stock Asio: the program links xgops::asio, and starts the agent in main, that
// is all.
//
// Clients send lines to 127.0.0.1:PORT. `echo TEXT` is answered; `subscribe` waits for updates that
// nobody sends; every line goes to the journal. The thread `replicate` holds the ledger's lock
// while it waits for a replica that does not answer, so `report` cannot get on: the kind of stop
// that one wants to understand from outside. The line `release` makes the replica answer.

#include "xgops/agent.hpp"

#include <asio.hpp>
#include <asio/experimental/channel.hpp>

#include <csignal>
#include <cstdio>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>

namespace demo {

using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;
using Journal = asio::experimental::channel<void(asio::error_code, std::string)>;
constexpr std::size_t kLongestLine = 64 * 1024;

/// A connection, and the lines that came over it.
class Client {
 public:
  explicit Client(tcp::socket socket) : socket_(std::move(socket)) {}

  /// The next line; throws at the end of the connection.
  awaitable<std::string> read_line() {
    const std::size_t bytes = co_await asio::async_read_until(
        socket_, asio::dynamic_buffer(received_, kLongestLine), '\n', use_awaitable);
    std::string line = received_.substr(0, bytes - 1);
    received_.erase(0, bytes);
    co_return line;
  }

  awaitable<void> write(std::string text) {
    co_await asio::async_write(socket_, asio::buffer(text), use_awaitable);
  }

 private:
  tcp::socket socket_;
  std::string received_;
};

/// What all coroutines share. They run on one thread.
struct Server {
  explicit Server(asio::io_context& context)
      : listener(context, {asio::ip::address_v4::loopback(), 0}), journal(context, 16) {}

  tcp::acceptor listener;
  Journal journal;
  std::vector<std::shared_ptr<Client>> replicas;  ///< They wait for `release`.
};

awaitable<void> answer(Server& server, std::shared_ptr<Client> client, std::string line) {
  if (line == "replicate") {
    server.replicas.push_back(std::move(client));
  } else if (line == "release") {
    for (const auto& replica : std::exchange(server.replicas, {})) {
      co_await replica->write("confirmed\n");
    }
  } else if (line.starts_with("echo ")) {
    co_await client->write(line.substr(5) + "\n");
  } else if (line != "subscribe") {
    co_await client->write("try: echo TEXT, subscribe or release\n");
  }
}

awaitable<void> serve_client(Server& server, tcp::socket socket) {
  try {
    const auto client = std::make_shared<Client>(std::move(socket));
    for (;;) {
      std::string line = co_await client->read_line();
      co_await server.journal.async_send({}, line, use_awaitable);
      co_await answer(server, client, std::move(line));
    }
  } catch (const std::system_error&) {
    // The client has gone.
  }
}

awaitable<void> accept_clients(Server& server) {
  for (;;) {
    tcp::socket socket = co_await server.listener.async_accept(use_awaitable);
    auto executor = socket.get_executor();
    co_spawn(executor, serve_client(server, std::move(socket)), asio::detached);
  }
}

awaitable<void> write_journal(Server& server) {
  for (std::size_t lines = 0;; ++lines) {
    co_await server.journal.async_receive(use_awaitable);
  }
}

awaitable<void> rotate_journal() {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    timer.expires_after(std::chrono::minutes(1));
    co_await timer.async_wait(use_awaitable);
  }
}

/// A client of our own server that waits for an update.
awaitable<void> watch(tcp::endpoint address) {
  tcp::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect(address, use_awaitable);
  Client client(std::move(socket));
  co_await client.write("subscribe\n");
  co_await client.read_line();
}

awaitable<void> stop_on_signal(asio::io_context& context) {
  asio::signal_set signals(context, SIGINT, SIGTERM);
  co_await signals.async_wait(use_awaitable);
  context.stop();
}

/// A total that a replica must confirm before anybody may see it.
class Ledger {
 public:
  void replicate(tcp::socket& replica, std::promise<void>& locked) {
    const std::lock_guard lock(mutex_);
    locked.set_value();
    asio::error_code error;
    asio::write(replica, asio::buffer(std::string_view("replicate\n")), error);
    std::string confirmation;
    asio::read_until(replica, asio::dynamic_buffer(confirmation, kLongestLine), '\n', error);
    confirmed_ = !error;
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

template <class Function>
std::jthread start_thread(const char* name, Function run) {
  return std::jthread([name, run = std::move(run)] {
    ::pthread_setname_np(::pthread_self(), name);
    run();
  });
}

/// Serves until SIGINT or SIGTERM.
void serve() {
  asio::io_context context(1);
  Server server(context);
  const tcp::endpoint address = server.listener.local_endpoint();
  co_spawn(context, stop_on_signal(context), asio::detached);
  co_spawn(context, accept_clients(server), asio::detached);
  co_spawn(context, write_journal(server), asio::detached);
  co_spawn(context, rotate_journal(), asio::detached);
  for (int i = 0; i < 3; ++i) {
    co_spawn(context, watch(address), asio::detached);
  }

  asio::io_context blocking;
  tcp::socket replica(blocking);
  replica.connect(address);
  Ledger ledger;
  std::promise<void> locked;
  std::vector<std::jthread> threads;
  threads.push_back(start_thread("replicate", [&] { ledger.replicate(replica, locked); }));
  locked.get_future().wait();
  threads.push_back(start_thread("report", [&] { ledger.report(); }));

  // Ready once the watchers wait: they have run as far as they get when nothing is left to do.
  for (int calm = 0; calm < 3;) {
    calm = context.run_for(std::chrono::milliseconds(10)) == 0 ? calm + 1 : 0;
  }
  std::printf("ready %d\n", address.port());
  std::fflush(stdout);
  context.run();
  asio::error_code ignored;
  replica.shutdown(tcp::socket::shutdown_both, ignored);
}

}  // namespace demo

int main() {
  const auto agent = xgops::Agent::start();
  if (!agent) {
    std::fprintf(stderr, "demo_server: no agent: %s\n", agent.error().message().c_str());
  }
  demo::serve();
}
