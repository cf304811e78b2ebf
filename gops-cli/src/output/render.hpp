// SPDX-License-Identifier: MIT
// From a report to the bytes that are printed. No I/O.
#pragma once

#include "output/presentation.hpp"
#include "report/report.hpp"

#include <string>

namespace xgops::cli {

/// What goes to stdout, or to the file of `-o`.
[[nodiscard]] std::string render(const Report& report, const Presentation& presentation);

/// What goes to stderr: `xgops: what` and below it, indented, what to do next. Escaped.
[[nodiscard]] std::string render_message(const std::string& text, const std::string& hint);

}  // namespace xgops::cli
