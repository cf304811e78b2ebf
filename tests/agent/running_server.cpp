// SPDX-License-Identifier: MIT
// A server for tests.
#include "running_server.hpp"

#include "server/reactor_server.hpp"
#include "server/sequential_server.hpp"
#include "server/socket_directory.hpp"
#include "stats/process_reader.hpp"
#include "threads/capture.hpp"

#include <array>
#include <stdexcept>
#include <string>
#include <utility>

#include <unistd.h>

namespace xgops::test {
namespace {

/// What is no success ends the test program: nothing after it would make sense.
template <class T>
T expect(Result<T> result) {
  if (!result) {
    throw std::runtime_error(result.error().message());
  }
  return std::move(*result);
}

}  // namespace

std::unique_ptr<commands::AgentState> make_agent_state(support::FdTable table) {
  stats::ProcessReader reader(expect(stats::ProcDirectories::open(table)));
  commands::Identity identity{.pid = ::getpid(),
                              .start_time_ticks = expect(reader.stat()).start_time_ticks,
                              .instance_id = {1, 2, 3},
                              .mode = "linked"};
  const threads::InspectorOptions options{.task_directory_fd = reader.directories().tasks.get(),
                                          .signal = 0,
                                          .shared_fd_table = table == support::FdTable::kShared,
                                          .make_dumpable = false};
  return std::make_unique<commands::AgentState>(std::move(identity), std::move(reader), options,
                                                threads::probe_runtime());
}

RunningServer::RunningServer(support::FdTable table) : thread_([this, table] { run(table); }) {
  ready_.wait();
}

RunningServer::~RunningServer() {
  stop_.set();
  // As the agent does it: a connection wakes the server.
  static_cast<void>(Client::connect(socket_));
  thread_.join();
}

void RunningServer::run(support::FdTable table) {
  if (table == support::FdTable::kPrivate && support::leave_host_fd_table() != table) {
    throw std::runtime_error("no descriptor table of its own");
  }
  const std::array candidates{protocol::SocketDirectory{
      .path = directory_.path(), .parent = directory_.path().parent_path(), .configured = true}};
  const std::string name = socket_.filename();
  auto listener = expect(server::ListeningSocket::open(
      expect(server::open_socket_directory(candidates, name, ::geteuid())), name, table));
  const auto state = make_agent_state(table);
  support::Log log;
  const auto on_serving = [this] { ready_.set(); };
  if (table == support::FdTable::kPrivate) {
    static_cast<void>(server::serve_with_reactor(*state, listener, stop_, log, on_serving));
  } else {
    static_cast<void>(server::serve_one_by_one(*state, listener, stop_, log, on_serving));
  }
}

Client RunningServer::connect() const {
  return expect(Client::connect(socket_));
}

Client RunningServer::greet() const {
  Client client = connect();
  expect(client.hello());
  return client;
}

}  // namespace xgops::test
