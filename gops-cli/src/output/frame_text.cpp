// SPDX-License-Identifier: MIT
// One stack as lines.
#include "output/frame_text.hpp"

#include "output/escape.hpp"

#include <algorithm>
#include <cstddef>

namespace xgops::cli {

std::string place_text(const symbolize::Symbol& symbol) {
  const std::string offset = hex_text(symbol.offset);
  return symbol.module.empty() ? offset : escape(symbol.module) + "+" + offset;
}

FrameText::FrameText(const StackTable& table, const Style& style, bool can_ask)
    : table_(table), style_(style), can_ask_(can_ask) {
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
  constexpr std::ptrdiff_t kMostEqual = 3;
  for (auto frame = stack.frames.begin(); frame != stack.frames.end();) {
    const auto end = std::find_if(frame, stack.frames.end(), [frame](const ReportFrame& other) {
      return other.location != frame->location || other.inferred != frame->inferred;
    });
    const std::string lines = frame->inferred
                                  ? location_lines(table_.locations[frame->location], true)
                                  : locations_[frame->location];
    const bool is_recursion = end - frame > kMostEqual;
    for (auto shown = frame; shown != (is_recursion ? frame + 1 : end); ++shown) {
      out += lines;
    }
    if (is_recursion) {
      out +=
          "  " + style_.dim("(the same " + std::to_string(end - frame - 1) + " more times)") + "\n";
    }
    frame = end;
  }
  if (stack.truncated) {
    out += "  " +
           style_.warning(can_ask_ ? "(more frames: --max-frames shows them)"
                                   : "(more frames: the process wrote no more)") +
           "\n";
  }
  return out;
}

}  // namespace xgops::cli
