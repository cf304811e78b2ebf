// SPDX-License-Identifier: MIT
// Runs one kernel with threads and joins them: a kernel with its mistake never comes back.
#include "threads.hpp"
#include "xgops/agent.hpp"

#include <cstdio>
#include <iostream>
#include <map>
#include <string>

int main(int argc, char** argv) {
  using namespace kernels;
  std::map<std::string, ThreadKernel> all = kThreadLockKernels;
  all.insert(kThreadMixedKernels.begin(), kThreadMixedKernels.end());
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
  Scene scene(kind == Kind::kFixed);
  run(scene);
  std::cout << (scene.fixed ? "" : "ready\n") << std::flush;
  scene.join();
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
  }
}
