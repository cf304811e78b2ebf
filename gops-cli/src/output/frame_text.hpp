// SPDX-License-Identifier: MIT
// One stack as lines.
#pragma once

#include "output/style.hpp"
#include "report/stack_table.hpp"
#include "xgops/symbolize/symbolizer.hpp"

#include <string>
#include <vector>

namespace xgops::cli {

/// `libfoo.so.1+0x1234`, or the address where no module is known.
[[nodiscard]] std::string place_text(const symbolize::Symbol& symbol);

/// Renders stacks; each distinct location is turned into text once.
class FrameText {
 public:
  FrameText(const StackTable& table, const Style& style);

  /// All frames of `stack`: a line with the function, an indented line with the place.
  [[nodiscard]] std::string lines_of(const ReportStack& stack) const;

 private:
  [[nodiscard]] std::string location_lines(const std::vector<symbolize::Symbol>& symbols,
                                           bool inferred) const;

  const StackTable& table_;
  Style style_;
  std::vector<std::string> locations_;  ///< As in StackTable::locations, for exact frames.
};

}  // namespace xgops::cli
