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
  /// `can_ask`: frames that are missing can be asked for.
  FrameText(const StackTable& table, const Style& style, bool can_ask = true);

  /// All frames of `stack`: a line with the function, an indented line with the place. Of more than
  /// three equal ones in a row, as recursion makes them, the first, and how many there are.
  [[nodiscard]] std::string lines_of(const ReportStack& stack) const;

 private:
  [[nodiscard]] std::string location_lines(const std::vector<symbolize::Symbol>& symbols,
                                           bool inferred) const;

  const StackTable& table_;
  Style style_;
  bool can_ask_;
  std::vector<std::string> locations_;  ///< As in StackTable::locations, for exact frames.
};

}  // namespace xgops::cli
