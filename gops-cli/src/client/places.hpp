// SPDX-License-Identifier: MIT
// The places where agents put their sockets, for this user and for other processes.
#pragma once

#include "proc/process.hpp"
#include "xgops/protocol/endpoint.hpp"

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace xgops::cli {

/// Where to look, and as whom. The defaults are the real places; tests have their own.
struct Places {
  proc::Table processes;
  std::string run_user = "/run/user";
  std::string temporary = "/tmp";
  uid_t uid = 0;  ///< Our effective user.
  protocol::EnvironmentLookup environment;
};

/// The real places, as this process sees them.
[[nodiscard]] Places real_places();

/// XGOPS_DIR, when it is set to an absolute path.
[[nodiscard]] std::optional<std::string> configured_directory(const Places& places);

/// The directories that the agents of user `uid` use, as seen from here. XGOPS_DIR is left out.
[[nodiscard]] std::vector<std::string> usual_directories(const Places& places, uid_t uid);

/// Where the agent of process `pid` would put its socket, by that process's own environment and
/// its own idea of its user id.
[[nodiscard]] std::vector<protocol::SocketDirectory> directories_of(const proc::Table& processes,
                                                                    pid_t pid);

/// Whether the process that a socket's name speaks of exists.
[[nodiscard]] bool process_exists(const proc::Table& processes, const protocol::Endpoint& endpoint);

/// The directory and the name in a path.
[[nodiscard]] std::string parent_of(const std::string& path);
[[nodiscard]] std::string name_of(const std::string& path);

}  // namespace xgops::cli
