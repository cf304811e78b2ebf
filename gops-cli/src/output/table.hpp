// SPDX-License-Identifier: MIT
// Aligned columns of text.
#pragma once

#include "output/style.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace xgops::cli {

enum class Align : std::uint8_t { kLeft, kRight };

struct Column {
  std::string heading;
  Align align = Align::kLeft;
};

/// `text`, or a dash when it is empty.
[[nodiscard]] std::string or_dash(std::string text);

/// Lines of cells. Cells are escaped already. The last column is never padded or cut.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// `cells` has one entry per column.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] std::string render(const Style& style) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace xgops::cli
