// SPDX-License-Identifier: MIT
// posix_spawn, and programs that live until the last benchmark is over.
#include "process_runs.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX declares it nowhere.

namespace xgops::bench {
namespace {

struct SharedTargets {
  std::unique_ptr<test::TargetProcess> thousand_threads;
  std::unique_ptr<test::TargetProcess> small_program;
  std::unique_ptr<test::TempDir> sockets;
  std::vector<test::TargetProcess> agents;
};

SharedTargets& shared() {
  static SharedTargets targets;
  return targets;
}

void require_ready(test::TargetProcess& target) {
  if (!target.wait_ready()) {
    std::fprintf(stderr, "a target did not get ready\n%s\n", target.log().c_str());
    std::exit(1);  // NOLINT(concurrency-mt-unsafe): nothing to compare without it.
  }
}

}  // namespace

int run_quietly(const std::vector<std::string>& arguments) {
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) {
    pointers.push_back(const_cast<char*>(argument.c_str()));
  }
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  int status = -1;
  if (::posix_spawnp(&child, pointers[0], &actions, nullptr, pointers.data(), environ) == 0) {
    ::waitpid(child, &status, 0);
    status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  ::posix_spawn_file_actions_destroy(&actions);
  return status;
}

test::TargetProcess& thousand_threads() {
  auto& target = shared().thousand_threads;
  if (!target) {
    test::TargetOptions options;
    options.arguments = {"1000"};
    target =
        std::make_unique<test::TargetProcess>(test::TargetProcess::spawn("many_threads", options));
    require_ready(*target);
  }
  return *target;
}

test::TargetProcess& small_program() {
  auto& target = shared().small_program;
  if (!target) {
    target = std::make_unique<test::TargetProcess>(test::TargetProcess::spawn("simple"));
    require_ready(*target);
  }
  return *target;
}

const std::filesystem::path& hundred_agents() {
  SharedTargets& targets = shared();
  if (!targets.sockets) {
    targets.sockets = std::make_unique<test::TempDir>();
    test::TargetOptions options;
    options.socket_directory = targets.sockets->path();
    for (int i = 0; i < 100; ++i) {
      targets.agents.push_back(test::TargetProcess::spawn("simple", options));
    }
    for (test::TargetProcess& agent : targets.agents) {
      require_ready(agent);
    }
  }
  return targets.sockets->path();
}

void end_targets() {
  shared() = {};
}

double agent_cpu_us(const test::TargetProcess& target) {
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/" + target.pid_text() + "/task")) {
    std::string name;
    std::ifstream(entry.path() / "comm") >> name;
    double nanoseconds = 0;
    if (name == "xgops" && std::ifstream(entry.path() / "schedstat") >> nanoseconds) {
      return nanoseconds / 1000;
    }
  }
  throw std::runtime_error("no thread named xgops in process " + target.pid_text());
}

}  // namespace xgops::bench
