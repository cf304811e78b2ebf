// SPDX-License-Identifier: MIT
// One compilation unit, read as far as somebody asked.
#pragma once

#include "abbreviations.hpp"
#include "code_ranges.hpp"
#include "die_reader.hpp"
#include "function_index.hpp"
#include "inline_tree.hpp"
#include "line_table.hpp"

#include <elfutils/libdw.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>

namespace xgops::symbolize {

/// The parts of a file that its units are read from.
struct DwarfSections {
  Dwarf* dwarf = nullptr;
  std::span<const std::uint8_t> info;
  std::span<const std::uint8_t> abbreviations;
  std::span<const std::uint8_t> lines;
  std::span<const std::uint8_t> line_strings;
  std::span<const std::uint8_t> strings;
};

/// The header of a unit in `.debug_info`.
struct UnitHeader {
  std::size_t offset = 0;
  std::size_t root = 0;  ///< Its first entry.
  std::size_t end = 0;
  std::size_t abbreviations = 0;
  UnitLayout layout;
};

/// Reads the header at `offset`. Nothing: none is there.
[[nodiscard]] std::optional<UnitHeader> read_unit_header(Dwarf* dwarf, std::size_t offset);

class DwarfUnit {
 public:
  /// `sections` and `ranges` must outlive the object.
  DwarfUnit(const DwarfSections& sections, const UnitHeader& header, CodeRanges& ranges);

  /// Offset of the entry of the function at `address`; 0: none.
  [[nodiscard]] std::size_t function_at(std::uint64_t address);
  /// The calls inlined at `address` in the function at `offset`, outermost first.
  [[nodiscard]] std::vector<InlinedCall> inlined_calls(std::size_t function, std::uint64_t address);
  /// Offsets of the entries around the one at `offset`, outermost first, without the unit's own.
  [[nodiscard]] std::vector<std::size_t> enclosing(std::size_t offset);
  [[nodiscard]] LineTable& lines();

  /// Whether the entries are in another file (split DWARF); only lines are here.
  [[nodiscard]] bool is_skeleton() const noexcept { return skeleton_; }

 private:
  const FunctionIndex& functions();
  [[nodiscard]] LineTableSource line_table_source();

  const DwarfSections& sections_;
  CodeRanges& ranges_;
  UnitHeader header_;
  AbbreviationTable abbreviations_;
  DieReader reader_;
  bool skeleton_ = false;
  std::optional<FunctionIndex> functions_;
  std::optional<FunctionIndex> all_functions_;  ///< Only made when the other does not suffice.
  std::optional<LineTable> lines_;
  std::unordered_map<std::size_t, InlineTree> inline_trees_;  ///< By offset of the function.
};

}  // namespace xgops::symbolize
