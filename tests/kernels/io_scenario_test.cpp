// SPDX-License-Identifier: MIT
// Scenarios with sockets: stock Asio coroutines on the loopback interface.
#include "leak_run.hpp"

#include <asio.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/channel.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace kernels {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using xgops::LeakCheck;
using xgops::LeakOptions;
using xgops::LeakReport;

/// A peer that accepts, and never answers.
class SilentPeer {
 public:
  explicit SilentPeer(asio::io_context& context)
      : context_(context), acceptor_(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}

  /// One more connection to it.
  std::shared_ptr<tcp::socket> connect() {
    auto socket = std::make_shared<tcp::socket>(context_);
    socket->connect(acceptor_.local_endpoint());
    accepted_.push_back(acceptor_.accept());
    return socket;
  }

 private:
  asio::io_context& context_;
  tcp::acceptor acceptor_;
  std::vector<tcp::socket> accepted_;
};

asio::awaitable<void> read_loop(std::shared_ptr<tcp::socket> socket) {
  std::string bytes(100, '\0');
  for (;;) {
    const auto [error, count] = co_await socket->async_read_some(
        asio::buffer(bytes), asio::experimental::as_tuple(asio::use_awaitable));
    if (error || count == 0) {
      co_return;
    }
  }
}

/// Runs what is ready, and what that makes ready; not what has to wait.
void run_what_is_ready(asio::io_context& context) {
  context.restart();
  while (context.poll() > 0) {
  }
}

TEST(ScenarioTest, S09ARequestToAPeerThatNeverAnswers) {
  for (int i = 0; i < runs(); ++i) {
    Row row{Group::kScenario, "S09"};
    for (const bool is_fixed : {false, true}) {
      asio::io_context context;
      SilentPeer peer(context);
      LeakCheck check;
      const auto socket = peer.connect();
      asio::co_spawn(context, read_loop(socket), asio::detached);
      run_what_is_ready(context);
      if (is_fixed) {
        socket->cancel();
        run_what_is_ready(context);
        const LeakReport report = check.verify(LeakOptions().within(10s));
        EXPECT_TRUE(report) << report;
        row.quiet_runs = 1;
        row.false_alarms = report.tasks + report.threads;
      } else {
        const LeakReport report = check.verify(LeakOptions().within(20ms));
        compare(report, {{"io", 1, 0}}, row);
        EXPECT_TRUE(row.is_as_expected) << report;
      }
    }
    add_row(row);
  }
}

using Requests = asio::experimental::channel<void(asio::error_code, std::string)>;

asio::awaitable<void> write_loop(std::shared_ptr<tcp::socket> socket,
                                 std::shared_ptr<Requests> requests) {
  for (;;) {
    const auto [error, request] =
        co_await requests->async_receive(asio::experimental::as_tuple(asio::use_awaitable));
    if (error) {
      co_return;
    }
    co_await asio::async_write(*socket, asio::buffer(request), asio::use_awaitable);
  }
}

/// What a client forgets to close: two tasks each.
struct Connection {
  std::shared_ptr<tcp::socket> socket;
  std::shared_ptr<Requests> requests;
};

TEST(ScenarioTest, S26ConnectionsThatAreNeverClosed) {
  constexpr int kConnections = 10;
  for (int i = 0; i < runs(); ++i) {
    Row row{Group::kScenario, "S26"};
    for (const bool is_fixed : {false, true}) {
      asio::io_context context;
      SilentPeer peer(context);
      LeakCheck check;
      std::vector<Connection> connections;
      for (int n = 0; n < kConnections; ++n) {
        const Connection connection{peer.connect(), std::make_shared<Requests>(context, 1)};
        asio::co_spawn(context, read_loop(connection.socket), asio::detached);
        asio::co_spawn(context, write_loop(connection.socket, connection.requests), asio::detached);
        connection.requests->try_send(asio::error_code(), "GET / HTTP/1.1\r\n\r\n");
        connections.push_back(connection);
      }
      run_what_is_ready(context);
      if (is_fixed) {
        for (const Connection& connection : connections) {
          connection.socket->cancel();
          connection.requests->close();
        }
        run_what_is_ready(context);
        const LeakReport report = check.verify(LeakOptions().within(10s));
        EXPECT_TRUE(report) << report;
        row.quiet_runs = 1;
        row.false_alarms = report.tasks + report.threads;
      } else {
        const LeakReport report = check.verify(LeakOptions().within(20ms));
        compare(report, {{"io", kConnections, 0}, {"chan_recv", kConnections, 0}}, row);
        EXPECT_TRUE(row.is_as_expected) << report;
      }
    }
    add_row(row);
  }
}

}  // namespace
}  // namespace kernels
