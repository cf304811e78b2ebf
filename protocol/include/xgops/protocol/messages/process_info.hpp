// SPDX-License-Identifier: MIT
// Who the target is: what a process list shows, and how its agent is set up.
#pragma once

#include "xgops/protocol/header.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace xgops::protocol {

struct ProcessInfo {
  static constexpr MessageType kType = MessageType::kProcessInfo;

  struct Request {
    template <class Archive>
    void serialize(Archive&) {}
  };

  struct Response {
    std::int32_t pid = 0;  ///< In the target's PID namespace, like `parent_pid`.
    std::int32_t parent_pid = 0;
    std::uint32_t uid = 0;               ///< Effective user id.
    std::string name;                    ///< proc(5) comm: at most 15 characters.
    std::string path;                    ///< The executable; " (deleted)" is kept.
    std::vector<std::string> arguments;  ///< argv, at most `kMaxArgumentBytes`.
    std::uint64_t start_time_ticks = 0;
    std::uint64_t uptime_ns = 0;
    std::uint32_t os_threads = 0;
    std::uint64_t tasks = 0;
    std::string agent_version;
    std::string agent_mode;  ///< "linked" or "preloaded".
    std::uint64_t agent_uptime_ns = 0;
    std::int32_t signal = 0;          ///< The signal for running threads; 0: none is used.
    std::vector<std::string> limits;  ///< What this agent cannot do here and why, a sentence each.

    template <class Archive>
    void serialize(Archive& archive) {
      archive(pid, parent_pid, uid, name, path, arguments, start_time_ticks, uptime_ns, os_threads,
              tasks, agent_version, agent_mode, agent_uptime_ns, signal, limits);
    }
  };
};

}  // namespace xgops::protocol
