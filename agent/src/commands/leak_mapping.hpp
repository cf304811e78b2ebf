// SPDX-License-Identifier: MIT
// From leaks to what a test program leaves behind when it ends.
#pragma once

#include "leaks/settling.hpp"
#include "xgops/protocol/test_report.hpp"

namespace xgops::commands {

/// Within the limits of test_report.hpp. Throws std::bad_alloc.
[[nodiscard]] protocol::TestReport to_wire(const leaks::Outcome& outcome);

}  // namespace xgops::commands
