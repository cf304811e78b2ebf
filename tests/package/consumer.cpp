// SPDX-License-Identifier: MIT
// A program that adopts xgops as the README says. Every way to link the agent is tested with it.

#include <xgops/agent.hpp>
#include <xgops/version.hpp>

#include <cstdio>

int main() {
  const auto agent = xgops::Agent::start();
  if (!agent) {
    std::fprintf(stderr, "consumer: %s\n", agent.error().message().c_str());
    return 1;
  }
  std::printf("ready %s\n", xgops::kVersion);
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
}
