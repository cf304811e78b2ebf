// SPDX-License-Identifier: MIT
// The shapes of debugging information entries: `.debug_abbrev`.
#pragma once

#include "byte_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace xgops::symbolize {

/// What the header of a unit says about the values in it.
struct UnitLayout {
  std::uint16_t version = 0;
  std::uint8_t address_bytes = 0;
  std::uint8_t offset_bytes = 0;
};

/// Skips a value. False: the form is not known, or the value is cut off.
bool skip_form(ByteReader& reader, std::uint32_t form, const UnitLayout& layout);

struct AttributeShape {
  std::uint16_t name = 0;
  std::uint16_t form = 0;
  std::int64_t implicit_value = 0;  ///< Of DW_FORM_implicit_const.
};

struct Abbreviation {
  std::uint32_t tag = 0;
  bool has_children = false;
  bool interesting = false;       ///< Has an attribute that `DieReader` decodes.
  std::uint32_t fixed_bytes = 0;  ///< Size of all values when `is_fixed`.
  bool is_fixed = false;
  std::span<const AttributeShape> attributes;
};

class AbbreviationTable {
 public:
  /// Parses the table at `offset`. A damaged one yields what comes before the damage.
  AbbreviationTable(std::span<const std::uint8_t> section, std::size_t offset,
                    const UnitLayout& layout);
  AbbreviationTable(const AbbreviationTable&) = delete;
  AbbreviationTable& operator=(const AbbreviationTable&) = delete;
  AbbreviationTable(AbbreviationTable&&) = default;
  AbbreviationTable& operator=(AbbreviationTable&&) = default;
  ~AbbreviationTable() = default;

  /// Null: no such code.
  [[nodiscard]] const Abbreviation* find(std::uint64_t code) const;

 private:
  struct Coded {
    std::uint64_t code = 0;
    Abbreviation abbreviation;
  };

  std::vector<AttributeShape> attributes_;  ///< Of all entries; they hold parts of it.
  std::vector<Coded> entries_;              ///< By ascending code, usually 1, 2, 3...
};

}  // namespace xgops::symbolize
