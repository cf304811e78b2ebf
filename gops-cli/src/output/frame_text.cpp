// SPDX-License-Identifier: MIT
// One stack as lines.
#include "output/frame_text.hpp"

#include "output/escape.hpp"

namespace xgops::cli {

std::string place_text(const symbolize::Symbol& symbol) {
  const std::string offset = hex_text(symbol.offset);
  return symbol.module.empty() ? offset : escape(symbol.module) + "+" + offset;
}

FrameText::FrameText(const StackTable& table, const Style& style) : table_(table), style_(style) {
  locations_.reserve(table.locations.size());
  for (const auto& symbols : table.locations) {
    locations_.push_back(location_lines(symbols, false));
  }
}

std::string FrameText::location_lines(const std::vector<symbolize::Symbol>& symbols,
                                      bool inferred) const {
  std::string out;
  for (const symbolize::Symbol& symbol : symbols) {
    const std::string place = place_text(symbol);
    out += "  ";
    out += symbol.function.empty() ? place : escape(symbol.function);
    out += symbol.inlined ? style_.dim(" [inlined]") : "";
    out += inferred ? style_.warning(" [inferred]") : "";
    out += '\n';
    if (!symbol.file.empty()) {
      std::string line = escape(symbol.file);
      if (symbol.line != 0) {
        line += ":" + std::to_string(symbol.line);
      }
      out += "      " + style_.dim(line) + "\n";
    } else if (!symbol.function.empty()) {
      out += "      " + style_.dim(place) + "\n";
    }
  }
  return out;
}

std::string FrameText::lines_of(const ReportStack& stack) const {
  std::string out;
  for (const ReportFrame& frame : stack.frames) {
    out += frame.inferred ? location_lines(table_.locations[frame.location], true)
                          : locations_[frame.location];
  }
  if (stack.truncated) {
    out += "  " + style_.warning("(more frames: --max-frames shows them)") + "\n";
  }
  return out;
}

}  // namespace xgops::cli
