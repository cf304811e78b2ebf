// SPDX-License-Identifier: MIT
// The smallest program with an agent: reads lines until the end of its input. Ask it from another
// shell: xgops stack -n minimal
#include <xgops/agent.hpp>

#include <cstdio>
#include <iostream>
#include <string>

int main() {
  const auto agent = xgops::Agent::start();
  if (!agent) {
    std::fprintf(stderr, "no agent: %s\n", agent.error().message().c_str());
  }
  for (std::string line; std::getline(std::cin, line);) {
  }
}
