// SPDX-License-Identifier: MIT
// Runs one kernel as coroutines: with its mistake until nothing is ready, and then waits for ever;
// a fixed one step by step, one for each line that it is sent, to be looked at between them.
#include "tasks.hpp"
#include "xgops/agent.hpp"

#include <cstdio>
#include <future>
#include <iostream>
#include <map>
#include <string>

int main(int argc, char** argv) {
  using namespace kernels;
  std::map<std::string, TaskKernel> all = kLockKernels;
  all.insert(kMixedKernels.begin(), kMixedKernels.end());
  const auto [run, kind] = choose(argc, argv, all);
  if (run == nullptr) {
    std::fprintf(stderr, "usage: %s KERNEL bug|fixed\n", argv[0]);
    return 64;
  }
  const auto agent = xgops::Agent::start();
  if (!agent) {
    std::fprintf(stderr, "%s\n", agent.error().message().c_str());
    return 1;
  }
  static Scene scene(kind == Kind::kFixed);
  Executor& executor = scene.executor;
  run(scene);
  if (!scene.fixed) {
    executor.run_until_idle();
    std::cout << "ready" << std::endl;
    // As one who runs an executor does: nobody is left who could wake the others.
    std::promise<void> never;
    never.get_future().wait();
  }
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    const bool ran = executor.run_one();
    std::cout << (ran ? "more" : executor.unfinished() > 0 ? "hangs" : "ended") << std::endl;
  }
}
