// SPDX-License-Identifier: MIT
// Walks the tree of debugging information entries fast, decoding only what places code: libdw takes
// some twenty times as long for each entry, and a unit has up to a million.
#pragma once

#include "abbreviations.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace xgops::symbolize {

/// One entry. Offsets count from the beginning of the section.
struct Die {
  /// How the entry says where its code is.
  enum class Code : std::uint8_t {
    kNone,
    kInterval,  ///< In `low` and `high`.
    kElsewhere  ///< In a list of ranges or a table of addresses: for libdw to find out.
  };

  std::size_t offset = 0;
  std::size_t end = 0;                  ///< Behind the values, where the first child is.
  std::size_t sibling = 0;              ///< The entry behind the children; 0: not given.
  const Abbreviation* shape = nullptr;  ///< Null: the end of a list of children.
  Code code = Code::kNone;
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  std::uint32_t call_file = 0;
  std::uint32_t call_line = 0;
  std::uint32_t call_column = 0;
};

/// Reads the entries of one unit. Damaged input ends a walk early; offsets only ever grow, so every
/// walk ends.
class DieReader {
 public:
  DieReader(std::span<const std::uint8_t> section, const AbbreviationTable& abbreviations,
            UnitLayout layout, std::size_t unit_begin, std::size_t unit_end);

  /// Reads the entry at `offset`. False: there is none.
  bool read(std::size_t offset, Die& die) const;

  /// Offset of what follows `die` and everything below it; the unit's end when damaged.
  [[nodiscard]] std::size_t behind(const Die& die) const;

  [[nodiscard]] std::size_t unit_end() const noexcept { return unit_end_; }

 private:
  void decode(ByteReader& reader, Die& die) const;

  std::span<const std::uint8_t> section_;  ///< Up to the end of the unit.
  const AbbreviationTable* abbreviations_;
  UnitLayout layout_;
  std::size_t unit_begin_;
  std::size_t unit_end_;
};

}  // namespace xgops::symbolize
