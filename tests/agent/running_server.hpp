// SPDX-License-Identifier: MIT
// The agent's server on a thread of the test, without the rest of the agent.
#pragma once

#include "client.hpp"
#include "commands/agent_state.hpp"
#include "server/listening_socket.hpp"
#include "support/event.hpp"
#include "support/fd_table.hpp"
#include "support/log.hpp"
#include "support/temp_dir.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

namespace xgops::test {

/// The state of an agent in this process. Make it on the thread that uses it.
[[nodiscard]] std::unique_ptr<commands::AgentState> make_agent_state(
    support::FdTable table = support::FdTable::kPrivate);

/// Serves this process's own facts until destroyed.
class RunningServer {
 public:
  /// `kPrivate`: the reactor in a table of its own; `kShared`: one client at a time.
  explicit RunningServer(support::FdTable table);
  ~RunningServer();
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  [[nodiscard]] const std::filesystem::path& socket() const noexcept { return socket_; }
  [[nodiscard]] Client connect() const;
  /// Connected, and the hello is behind it.
  [[nodiscard]] Client greet() const;

 private:
  void run(support::FdTable table);

  TempDir directory_;
  std::filesystem::path socket_ = directory_.path() / "1-1.sock";
  support::Event ready_;
  support::Event stop_;
  std::thread thread_;
};

}  // namespace xgops::test
