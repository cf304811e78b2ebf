// SPDX-License-Identifier: MIT
// Which registry has this process's tasks: there may be two, when a preloaded agent looks into a
// program that is linked with the hooks.
#pragma once

#include "tasks/details.hpp"
#include "tasks/lost_exceptions.hpp"
#include "tasks/pending.hpp"
#include "tasks/registry.hpp"

#include <string>

namespace xgops::tasks {

struct TaskSource {
  const Registry* registry = nullptr;
  const DetailTable* details = nullptr;
  const PendingTable* pending = nullptr;
  const LostExceptions* lost_exceptions = nullptr;
};

/// This library's own.
[[nodiscard]] TaskSource own_source() noexcept;

/// The program's, when it exports one with our layout, else our own; `problem` says why a foreign
/// one is not used. Asks the loader: for the thread that starts the agent.
[[nodiscard]] TaskSource find_source(std::string& problem);

}  // namespace xgops::tasks
