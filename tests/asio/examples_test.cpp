// SPDX-License-Identifier: MIT
// Asio's own examples, unmodified, with real clients: every task, function, line and wait.
#include "support/paths.hpp"
#include "task_list.hpp"
#include "tcp_client.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <ostream>

namespace xgops::test {
namespace {

/// What an echo server shows, apart from one session for each client.
struct EchoServer {
  const char* name;
  ExpectedTask listener;
  ExpectedTask session;

  friend std::ostream& operator<<(std::ostream& out, const EchoServer& server) {
    return out << server.name;
  }
};

// Lines of the examples of Asio 1.22.1. GCC says of an expression that takes several lines where it
// ends.
const EchoServer kEchoServers[]{
    {"echo_server", {"accept", {{"listener", 54}}, 68}, {"socket receive", {{"echo", 38}}, 55}},
    {"refactored_echo_server",
     {"accept", {{"listener", 58}}, 72},
     {"socket receive", {{"echo_once", 29}, {"echo", 43}}, 59}},
    {"echo_server_with_default",
     {"accept", {{"listener", 51}}, 65},
     {"socket receive", {{"echo", 35}}, 52}},
    {"echo_server_with_as_tuple_default",
     {"accept", {{"listener", 49}}, 63},
     {"socket receive", {{"echo", 36}}, 50}},
    {"echo_server_with_as_single_default",
     {"accept", {{"listener", 49}}, 63},
     {"socket receive", {{"echo", 36}}, 50}},
};

std::filesystem::path example_path(const std::string& name) {
  return target_path("asio_examples") / name;
}

#define XGOPS_REQUIRE_EXAMPLE(name, origin)                                         \
  if (!std::filesystem::exists(example_path(name))) {                               \
    GTEST_SKIP() << "Asio's example " << (name) << " was not built: needs " origin; \
  }

class RunningExample {
 public:
  explicit RunningExample(const std::string& name, std::vector<std::string> arguments = {})
      : process_(spawn_linked(example_path(name), std::move(arguments))) {}

  /// The port on which it listens; 0: it does not.
  std::uint16_t port() {
    return process_.wait_ready() && !process_.facts().empty()
               ? process_.facts().back().value("port", std::uint16_t{0})
               : std::uint16_t{0};
  }
  std::string tasks_when_like(const std::string& expected) {
    return test::tasks_when_like(process_, expected);
  }
  std::string log() { return process_.log(); }

 private:
  TargetProcess process_;
};

class AsioEchoServerTest : public testing::TestWithParam<EchoServer> {};

TEST_P(AsioEchoServerTest, ShowsItsListenerAndASessionForEachClient) {
  const EchoServer& server = GetParam();
  XGOPS_REQUIRE_EXAMPLE(server.name, "the package libasio-doc");
  RunningExample program(server.name);
  const std::uint16_t port = program.port();
  ASSERT_NE(port, 0) << program.log();
  std::string expected = text_of({server.listener});
  EXPECT_EQ(program.tasks_when_like(expected), expected);
  {
    const TcpSocket first = TcpSocket::connect_to(port);
    const TcpSocket second = TcpSocket::connect_to(port);
    for (const TcpSocket* client : {&first, &second}) {
      ASSERT_TRUE(client->send("hello"));
      ASSERT_EQ(client->receive(5), "hello");
    }
    const std::string with_clients = text_of({server.listener, server.session, server.session});
    EXPECT_EQ(program.tasks_when_like(with_clients), with_clients);
  }
  EXPECT_EQ(program.tasks_when_like(expected), expected) << "the clients have gone";
}

INSTANTIATE_TEST_SUITE_P(Examples, AsioEchoServerTest, testing::ValuesIn(kEchoServers),
                         [](const auto& server) { return std::string(server.param.name); });

TEST(AsioChatServerTest, ShowsAReaderAndAWriterForEachClient) {
  XGOPS_REQUIRE_EXAMPLE("chat_server", "the package libasio-doc");
  RunningExample program("chat_server", {"55555"});
  const std::uint16_t port = program.port();
  ASSERT_NE(port, 0) << program.log();
  const TcpSocket first = TcpSocket::connect_to(port);
  const TcpSocket second = TcpSocket::connect_to(port);
  // The second has joined once it hears itself.
  ASSERT_TRUE(second.send("one\n"));
  ASSERT_EQ(second.receive(4), "one\n");
  ASSERT_EQ(first.receive(4), "one\n");
  const ExpectedTask listener{"accept", {{"listener", 183}}, 206};
  const ExpectedTask reader{"socket receive", {{"reader", 124}}, 101};
  const ExpectedTask writer{"timer", {{"writer", 145}}, 105};
  const std::string expected = text_of({listener, reader, reader, writer, writer});
  EXPECT_EQ(program.tasks_when_like(expected), expected);
}

TEST(AsioThrottlingProxyTest, ShowsTheTasksOfNestedOperators) {
  XGOPS_REQUIRE_EXAMPLE("throttling_proxy",
                        "the source package of Asio, as -DXGOPS_ASIO_SOURCES=...");
  const TcpSocket target = TcpSocket::listen();
  RunningExample program("throttling_proxy",
                         {"127.0.0.1", "0", "127.0.0.1", std::to_string(target.port())});
  const std::uint16_t port = program.port();
  ASSERT_NE(port, 0) << program.log();
  const TcpSocket client = TcpSocket::connect_to(port);
  // `a && b && c && d` is `((a && b) && c) && d`, a task for each operand.
  const ExpectedTask group{"all of several operations", {{"proxy", 84}}, 84};
  const ExpectedTask transfer{"socket receive", {{"transfer", 58}}, 84};
  const auto expected_with = [&](const ExpectedTask& produce) {
    return text_of({{"accept", {{"listen", 91}}, 128},
                    {"all of several operations", {{"proxy", 84}}, 95},
                    group,
                    group,
                    produce,
                    produce,
                    transfer,
                    transfer});
  };
  // For ten seconds, until their buckets are full, the producers wait for a timer.
  const std::string filling = expected_with({"timer", {{"produce_tokens", 44}}, 84});
  if (const std::string seen = program.tasks_when_like(filling); seen != filling) {
    EXPECT_EQ(seen, expected_with({"channel send", {{"produce_tokens", 41}}, 84}));
  }
}

}  // namespace
}  // namespace xgops::test
