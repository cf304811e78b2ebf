// SPDX-License-Identifier: MIT
// A library that starts the agent while it is loaded, when the loader's lock is held, and stops it
// while it is unloaded.
#include "xgops/agent.hpp"

#include <cstdlib>

namespace {

struct Plugin {
  xgops::Result<xgops::Agent> agent = xgops::Agent::start();
  Plugin() {
    if (!agent || !agent.value().running()) {
      std::abort();
    }
  }
} g_plugin;

}  // namespace
