// SPDX-License-Identifier: MIT
// What `xgops threads` found.
#pragma once

#include "report/process.hpp"
#include "xgops/protocol/messages/cost.hpp"
#include "xgops/protocol/messages/threads.hpp"

#include <cstdint>
#include <vector>

namespace xgops::cli {

struct ThreadsReport {
  ProcessIdentity process;
  std::vector<protocol::ThreadFacts> threads;  ///< In ascending order of TID.
  std::uint32_t dropped = 0;                   ///< Threads that ended while they were read.
  bool truncated = false;                      ///< The deadline came first.
  protocol::Cost cost;
};

}  // namespace xgops::cli
