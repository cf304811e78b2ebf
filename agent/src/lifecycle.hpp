// SPDX-License-Identifier: MIT
// The agent of this process: at most one; what becomes of it at fork and exit.
#pragma once

#include "settings.hpp"
#include "xgops/agent_abi.h"
#include "xgops/result.hpp"

#include <cstdint>
#include <string>

namespace xgops::agent {

enum class StartStatus : std::uint8_t { kStarted = 0, kDisabled };

/// As `xgops_agent_start`. Thread safety: all functions here may run at the same time.
Result<StartStatus> start(const xgops_agent_options* options, Mode mode);
void stop() noexcept;
[[nodiscard]] bool is_running() noexcept;
/// Empty without agent.
[[nodiscard]] std::string socket_path();

}  // namespace xgops::agent
