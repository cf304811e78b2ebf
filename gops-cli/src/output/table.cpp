// SPDX-License-Identifier: MIT
// Aligned columns of text.
#include "output/table.hpp"

#include "output/escape.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace xgops::cli {
namespace {

constexpr std::size_t kGap = 2;

}  // namespace

std::string or_dash(std::string text) {
  return text.empty() ? "-" : std::move(text);
}

std::string Table::render(const Style& style) const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) {
    widths.push_back(columns_of(column.heading));
  }
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], columns_of(row[i]));
    }
  }
  const auto line = [&](const auto& cell_of) {
    std::string text;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string& cell = cell_of(i);
      const std::size_t padding = widths[i] - columns_of(cell);
      const bool last = i + 1 == columns_.size();
      if (columns_[i].align == Align::kRight) {
        text.append(padding, ' ').append(cell);
      } else {
        text += cell;
        text.append(last ? 0 : padding, ' ');
      }
      text.append(last ? 0 : kGap, ' ');
    }
    // An empty last cell must not leave blanks at the end of the line.
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  };
  std::string out =
      style.heading(line([&](std::size_t i) -> const std::string& { return columns_[i].heading; }));
  out += '\n';
  for (const auto& row : rows_) {
    out += line([&](std::size_t i) -> const std::string& { return row[i]; });
    out += '\n';
  }
  return out;
}

}  // namespace xgops::cli
