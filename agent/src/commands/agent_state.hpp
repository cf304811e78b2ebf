// SPDX-License-Identifier: MIT
// Everything that a command can ask: who the process is, the parts that read it, what was counted.
#pragma once

#include "stats/process_reader.hpp"
#include "tasks/source.hpp"
#include "threads/capture.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/prctl.h>

namespace xgops::commands {

struct Identity {
  std::int32_t pid = 0;                        ///< As the process itself sees it.
  std::uint64_t start_time_ticks = 0;          ///< proc(5) stat field 22.
  std::array<std::uint8_t, 16> instance_id{};  ///< Random, new in every start and fork.
  std::string mode;                            ///< "linked" or "preloaded".
};

struct Counters {
  std::uint64_t requests_served = 0;
  std::uint64_t peers_refused = 0;  ///< Connections of users who may not ask.
};

/// Owned by the agent's thread and used by it alone.
struct AgentState {
  AgentState(Identity who, stats::ProcessReader reader, threads::InspectorOptions options,
             std::shared_ptr<const threads::Runtime> runtime)
      : identity(std::move(who)),
        process(std::move(reader)),
        signal(options.signal),
        task_directory_fd(options.task_directory_fd),
        seccomp_mode(::prctl(PR_GET_SECCOMP)),
        inspector(options, std::move(runtime)) {}

  Identity identity;
  std::chrono::steady_clock::time_point started_at = std::chrono::steady_clock::now();
  Counters counters;
  stats::ProcessReader process;
  int signal = 0;                   ///< For running threads; 0: none is used.
  int task_directory_fd = -1;       ///< Of /proc/self/task.
  int seccomp_mode = 0;             ///< PR_GET_SECCOMP when the agent began.
  std::vector<std::string> limits;  ///< Found while starting, a sentence each.
  threads::Inspector inspector;
  tasks::TaskSource tasks = tasks::own_source();
};

}  // namespace xgops::commands
