// SPDX-License-Identifier: MIT
// How the agent is to run: what the program asked for, and the environment, which has the last
// word.
#pragma once

#include "crash/dumps.hpp"
#include "xgops/agent_abi.h"
#include "xgops/protocol/endpoint.hpp"
#include "xgops/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xgops::agent {

enum class Mode : std::uint8_t { kLinked = 0, kPreloaded };

struct Settings {
  Mode mode = Mode::kLinked;
  std::vector<protocol::SocketDirectory> directories;  ///< To try, best first.
  std::string log_file;                                ///< Empty: none.
  int signal = 0;                                      ///< 0: the default; negative: none.
  bool listens_after_fork = true;
  bool make_dumpable = false;
  crash::Options dumps = {};
};

/// Whether XGOPS=0 forbids everything.
[[nodiscard]] bool is_disabled(const protocol::EnvironmentLookup& environment);

/// `options` may be null. Errors: `invalid_argument` with the option or variable as context.
Result<Settings> read_settings(const xgops_agent_options* options, Mode mode,
                               const protocol::EnvironmentLookup& environment, std::uint32_t user);

/// The process's environment; empty for a program that gained rights from its file (AT_SECURE):
/// whoever started that must not choose where it writes.
[[nodiscard]] protocol::EnvironmentLookup process_environment();

/// `preload`, a value of LD_PRELOAD, without the entries that name the file `name`; nothing when
/// there are none.
[[nodiscard]] std::optional<std::string> without_preload(std::string_view preload,
                                                         std::string_view name);

}  // namespace xgops::agent
