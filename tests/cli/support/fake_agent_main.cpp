// SPDX-License-Identifier: MIT
// fake_agents DIRECTORY COUNT: as many processes, each with a fake agent. Prints `ready`, then ends
// with its standard input. Also what start-up time is measured against.
#include "cli/support/fake_agent.hpp"
#include "cli/support/sample_stream.hpp"
#include "cli/support/sample_tasks.hpp"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace xgops::test;

/// Serves until standard input, which all processes share, ends.
int serve(const std::filesystem::path& directory, int index, int ready_fd) {
  FakeAgentOptions options = plausible_agent();
  options.info.name = "fake-" + std::to_string(index);
  options.stacks = sample_stacks_stream();
  options.threads = sample_threads_stream();
  options.tasks = sample_tasks_stream();
  options.task_groups = sample_task_groups_stream();
  const FakeAgent agent(directory, options);
  const char done = '.';
  if (::write(ready_fd, &done, 1) != 1) {
    return EXIT_FAILURE;
  }
  char ignored = 0;
  while (::read(STDIN_FILENO, &ignored, 1) > 0) {
  }
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: fake_agents DIRECTORY COUNT\n";
    return EXIT_FAILURE;
  }
  const std::filesystem::path directory = argv[1];
  const int count = std::stoi(argv[2]);
  int ready[2] = {-1, -1};
  if (::pipe(ready) != 0) {
    return EXIT_FAILURE;
  }
  for (int i = 0; i < count; ++i) {
    if (::fork() == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::_exit(serve(directory, i, ready[1]));
    }
  }
  ::close(ready[1]);
  std::vector<char> answers(static_cast<std::size_t>(count));
  std::size_t got = 0;
  while (got < answers.size()) {
    const ssize_t more = ::read(ready[0], answers.data() + got, answers.size() - got);
    if (more <= 0) {
      return EXIT_FAILURE;
    }
    got += static_cast<std::size_t>(more);
  }
  std::cout << "ready" << std::endl;
  while (::wait(nullptr) > 0) {
  }
  return EXIT_SUCCESS;
}
