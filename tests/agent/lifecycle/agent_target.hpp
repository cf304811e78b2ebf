// SPDX-License-Identifier: MIT
// The lifecycle target with an agent in it, and a client to talk to that.
#pragma once

#include "client.hpp"
#include "support/target_process.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace xgops::test {

/// How the agent is in the target.
enum class Adoption { kLinked, kPreloaded };

[[nodiscard]] inline std::string to_string(Adoption adoption) {
  return adoption == Adoption::kLinked ? "linked" : "preloaded";
}

/// A sanitizer's run time must be the first library of a process, so an instrumented agent cannot
/// be preloaded.
[[nodiscard]] inline std::vector<Adoption> all_adoptions() {
#if defined(XGOPS_SANITIZED)
  return {Adoption::kLinked};
#else
  return {Adoption::kLinked, Adoption::kPreloaded};
#endif
}

/// For INSTANTIATE_TEST_SUITE_P.
[[nodiscard]] inline std::string adoption_name(const testing::TestParamInfo<Adoption>& instance) {
  return instance.param == Adoption::kLinked ? "Linked" : "Preloaded";
}

/// For a target with a log next to its sockets.
[[nodiscard]] inline TargetOptions options(Adoption adoption, Environment environment = {},
                                           std::vector<std::string> arguments = {}) {
  TargetOptions options;
  options.launch = adoption == Adoption::kLinked ? Launch::kPlain : Launch::kPreload;
  options.arguments = std::move(arguments);
  options.environment = std::move(environment);
  options.environment.emplace("XGOPS_LOG", "s/log");
  return options;
}

class AgentTarget {
 public:
  explicit AgentTarget(Adoption adoption, Environment environment = {},
                       std::vector<std::string> arguments = {})
      : process_(TargetProcess::spawn_program(
            adoption == Adoption::kLinked ? XGOPS_LINKED_TARGET : XGOPS_PLAIN_TARGET,
            options(adoption, std::move(environment), std::move(arguments)))) {
    EXPECT_TRUE(process_.wait_ready()) << process_.log();
  }

  [[nodiscard]] TargetProcess& process() noexcept { return process_; }
  [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
  [[nodiscard]] const std::filesystem::path& directory() const {
    return process_.socket_directory();
  }

  /// Has the target do something; its answer.
  std::string ask(const std::string& command) {
    const auto answer = process_.ask(command);
    EXPECT_TRUE(answer) << command << "\n" << process_.log();
    return answer.value_or("");
  }
  /// How a linked target's own start of the agent ended.
  [[nodiscard]] std::string start_result() const {
    return string_at(process_.fact("agent"), "state");
  }

  /// The target's agent, greeted.
  [[nodiscard]] std::optional<Client> connect() const { return connect_to(pid()); }
  /// The agent of another process with a socket in the same directory; waits until there is one.
  [[nodiscard]] std::optional<Client> connect_to(pid_t pid) const {
    const auto socket = wait_for_socket(directory(), pid);
    if (!socket) {
      return std::nullopt;
    }
    auto client = Client::connect(*socket);
    return client && client->hello() ? std::optional(std::move(*client)) : std::nullopt;
  }
  /// Whether the target's agent answers all its messages.
  [[nodiscard]] bool answers() const {
    auto client = connect();
    return client && client->ask<protocol::ProcessInfo>() && client->ask<protocol::Vitals>() &&
           client->ask_all<protocol::Threads>() && client->ask_all<protocol::Stacks>();
  }

  /// The agent's log so far.
  [[nodiscard]] std::string agent_log() const {
    std::ifstream file(directory() / "log");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// TIDs of threads with the agent's name, in process `pid`.
  [[nodiscard]] static std::vector<pid_t> agent_threads(pid_t pid) {
    std::vector<pid_t> threads;
    const auto tasks = std::filesystem::path("/proc") / std::to_string(pid) / "task";
    for (const auto& task : std::filesystem::directory_iterator(tasks)) {
      std::ifstream file(task.path() / "comm");
      std::string name;
      if (std::getline(file, name) && name == "xgops") {
        threads.push_back(std::stoi(task.path().filename().string()));
      }
    }
    return threads;
  }

  /// Whether process `pid` has no such thread, or soon has none: the kernel shows a thread for a
  /// moment after it has ended and was joined.
  [[nodiscard]] static bool has_no_agent_thread(pid_t pid) {
    const auto deadline = std::chrono::steady_clock::now() + Client::kPatience;
    while (!agent_threads(pid).empty()) {
      if (std::chrono::steady_clock::now() > deadline) {
        return false;
      }
    }
    return true;
  }

 private:
  TargetProcess process_;
};

}  // namespace xgops::test
