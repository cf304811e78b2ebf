// SPDX-License-Identifier: MIT
// Why a process cannot be inspected, in one line, and what to do next.
#pragma once

#include "client/places.hpp"
#include "xgops/result.hpp"

#include <string>
#include <vector>

#include <sys/types.h>

namespace xgops::cli {

/// `4711 "redis-server"`, or without a name `4711`.
[[nodiscard]] std::string describe_process(pid_t pid, const std::string& name);

/// Why no agent of process `pid` was found; `searched` are the sockets that did not exist.
[[nodiscard]] Error explain_missing_agent(const Places& places, pid_t pid,
                                          const std::vector<std::string>& searched);

/// `error` of a conversation with the agent of `pid`, with the process named and, where the agent
/// is silent, the reason for that if one is to be seen.
[[nodiscard]] Error explain_conversation(const Places& places, pid_t pid, const std::string& name,
                                         Error error);

}  // namespace xgops::cli
