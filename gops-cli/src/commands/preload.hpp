// SPDX-License-Identifier: MIT
// The agent as a library to preload: where it is, and for which programs it works.
#pragma once

#include "commands/command.hpp"
#include "xgops/result.hpp"

#include <string>

namespace xgops::cli {

/// The value of a variable of this process; "" when it is not set.
[[nodiscard]] std::string environment_variable(const char* name);

/// The program that the shell would start for `name`, checked unless `force`: can the agent be
/// preloaded into it?
[[nodiscard]] Result<std::string> preloadable_program(const Context& context,
                                                      const std::string& name, bool force);

/// The absolute path of the agent: `given`, or beside this command. Fit for LD_PRELOAD.
[[nodiscard]] Result<std::string> agent_library(const std::string& given);

/// `library` in front of what is preloaded already.
[[nodiscard]] std::string preload_list(const std::string& library);

}  // namespace xgops::cli
