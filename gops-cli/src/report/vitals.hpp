// SPDX-License-Identifier: MIT
// What `xgops vitals` found.
#pragma once

#include "report/process.hpp"
#include "xgops/protocol/messages/vitals.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace xgops::cli {

struct VitalsReport {
  ProcessIdentity process;
  protocol::Vitals::Response now;
  /// With --watch, from the second sample on: the sample before.
  std::optional<protocol::Vitals::Response> before;
  std::vector<std::string> limits;  ///< What the agent cannot see, and why. Untrusted.
};

}  // namespace xgops::cli
