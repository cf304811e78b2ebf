// SPDX-License-Identifier: MIT
// Which process a report is about.
#pragma once

#include <string>

#include <sys/types.h>

namespace xgops::cli {

struct ProcessIdentity {
  pid_t pid = 0;            ///< As the user of this tool sees it.
  pid_t namespace_pid = 0;  ///< As the process itself sees it, like all thread ids in a report.
  std::string name;         ///< Untrusted text; may be empty.
  std::string agent;        ///< Version of its agent.
};

}  // namespace xgops::cli
