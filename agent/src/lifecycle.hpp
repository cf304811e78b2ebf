// SPDX-License-Identifier: MIT
// The agent of this process: at most one; what becomes of it at fork and exit.
#pragma once

#include "instance.hpp"
#include "settings.hpp"
#include "xgops/agent_abi.h"
#include "xgops/result.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace xgops::agent {

enum class StartStatus : std::uint8_t { kStarted = 0, kDisabled };

/// As `xgops_agent_start`. Thread safety: all functions here may run at the same time.
Result<StartStatus> start(const xgops_agent_options* options, Mode mode);
void stop() noexcept;
[[nodiscard]] bool is_running() noexcept;
/// Empty without agent.
[[nodiscard]] std::string socket_path();

/// While it lives, the caller changes the user, a group or the groups of the whole process.
///
/// The C library does that thread by thread, and ends the process when it succeeds in one and fails
/// in another. The agent's thread may not have what the caller has: capabilities are a thread's
/// own, and a program may have kept or raised them after the agent started. In that case, and in no
/// other, the agent is stopped, and started again afterwards by a thread that has what the caller
/// has. Cost: 30 us; where they differ, some milliseconds.
class CredentialChange {
 public:
  CredentialChange() noexcept;
  ~CredentialChange();
  CredentialChange(const CredentialChange&) = delete;
  CredentialChange& operator=(const CredentialChange&) = delete;

 private:
  std::shared_ptr<const Setup> stopped_;  ///< Null: nothing was.
};

}  // namespace xgops::agent
