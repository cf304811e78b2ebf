// SPDX-License-Identifier: MIT
// What the renderers of findings share.
#pragma once

#include "report/findings.hpp"
#include "xgops/symbolize/symbolizer.hpp"

#include <string>

namespace xgops::cli {

/// "error", "warning": as in SARIF.
[[nodiscard]] std::string severity_id(Severity severity);

/// The command that shows more of a finding: `xgops stack -p 4711 --thread 4712`.
[[nodiscard]] std::string more_command(const FindingsReport& report, const Finding& finding);

/// Whether nobody who looks for a mistake of the program's own wants to see it.
[[nodiscard]] bool is_of_a_library(const symbolize::Symbol& symbol);

}  // namespace xgops::cli
