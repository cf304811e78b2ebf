// SPDX-License-Identifier: MIT
// Which line of source an instruction comes from: one table of `.debug_line`.
#pragma once

#include "byte_reader.hpp"
#include "range_table.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xgops::symbolize {

/// What a table needs from elsewhere in its file.
struct LineTableSource {
  std::span<const std::uint8_t> section;       ///< `.debug_line`
  std::span<const std::uint8_t> line_strings;  ///< `.debug_line_str`
  std::span<const std::uint8_t> strings;       ///< `.debug_str`
  std::size_t offset = 0;                      ///< Of the table in `section`.
  std::uint8_t address_bytes = 8;
  std::string compilation_directory;
};

struct SourcePosition {
  std::uint32_t file = 0;  ///< For `LineTable::path`.
  std::uint32_t line = 0;  ///< 0: the compiler named none.
  std::uint32_t column = 0;
};

/// Versions 2 to 5 of the format. A damaged table yields what comes before the damage.
class LineTable {
 public:
  LineTable() = default;
  explicit LineTable(const LineTableSource& source);

  /// Null when no sequence of instructions contains `address`.
  [[nodiscard]] const SourcePosition* find(std::uint64_t address) const;
  /// Path of a file by the number that lines and call sites use; empty: no such file.
  [[nodiscard]] const std::string& path(std::uint32_t file);

 private:
  friend class LineTableParser;

  struct Row {
    std::uint64_t address = 0;
    SourcePosition position;
  };
  struct Sequence {
    std::uint32_t begin = 0;  ///< Rows of it.
    std::uint32_t end = 0;
  };
  struct File {
    std::string_view name;
    std::uint64_t directory = 0;
    std::string path;  ///< Made when asked for.
  };

  std::vector<Row> rows_;
  RangeTable<Sequence> sequences_;
  std::vector<std::string_view> directories_;
  std::vector<File> files_;  ///< By number; the first is only used by version 5.
  std::string compilation_directory_;
};

}  // namespace xgops::symbolize
