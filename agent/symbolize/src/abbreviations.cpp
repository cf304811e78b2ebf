// SPDX-License-Identifier: MIT
// Parsing .debug_abbrev.
#include "abbreviations.hpp"

#include <algorithm>
#include <optional>

#include <dwarf.h>

namespace xgops::symbolize {

namespace {

/// Size of a value when it does not depend on the value.
std::optional<std::uint32_t> fixed_size(std::uint32_t form, const UnitLayout& layout) {
  switch (form) {
    case DW_FORM_flag_present:
    case DW_FORM_implicit_const:
      return 0;
    case DW_FORM_data1:
    case DW_FORM_ref1:
    case DW_FORM_flag:
    case DW_FORM_strx1:
    case DW_FORM_addrx1:
      return 1;
    case DW_FORM_data2:
    case DW_FORM_ref2:
    case DW_FORM_strx2:
    case DW_FORM_addrx2:
      return 2;
    case DW_FORM_strx3:
    case DW_FORM_addrx3:
      return 3;
    case DW_FORM_data4:
    case DW_FORM_ref4:
    case DW_FORM_ref_sup4:
    case DW_FORM_strx4:
    case DW_FORM_addrx4:
      return 4;
    case DW_FORM_data8:
    case DW_FORM_ref8:
    case DW_FORM_ref_sig8:
    case DW_FORM_ref_sup8:
      return 8;
    case DW_FORM_data16:
      return 16;
    case DW_FORM_addr:
      return layout.address_bytes;
    case DW_FORM_ref_addr:
      return layout.version <= 2 ? layout.address_bytes : layout.offset_bytes;
    case DW_FORM_strp:
    case DW_FORM_sec_offset:
    case DW_FORM_line_strp:
    case DW_FORM_strp_sup:
    case DW_FORM_GNU_ref_alt:
    case DW_FORM_GNU_strp_alt:
      return layout.offset_bytes;
    default:
      return std::nullopt;
  }
}

bool is_decoded(std::uint32_t attribute) {
  switch (attribute) {
    case DW_AT_sibling:
    case DW_AT_low_pc:
    case DW_AT_high_pc:
    case DW_AT_ranges:
    case DW_AT_call_file:
    case DW_AT_call_line:
    case DW_AT_call_column:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool skip_form(ByteReader& reader, std::uint32_t form, const UnitLayout& layout) {
  constexpr int kMaxIndirections = 4;
  for (int i = 0; form == DW_FORM_indirect && i < kMaxIndirections; ++i) {
    form = static_cast<std::uint32_t>(reader.uleb());
  }
  if (const auto size = fixed_size(form, layout)) {
    reader.skip(*size);
    return reader.ok();
  }
  switch (form) {
    case DW_FORM_block1:
      reader.skip(reader.u8());
      break;
    case DW_FORM_block2:
      reader.skip(reader.u16());
      break;
    case DW_FORM_block4:
      reader.skip(reader.u32());
      break;
    case DW_FORM_block:
    case DW_FORM_exprloc:
      reader.skip(reader.uleb());
      break;
    case DW_FORM_string:
      reader.c_string();
      break;
    case DW_FORM_sdata:
    case DW_FORM_udata:
    case DW_FORM_ref_udata:
    case DW_FORM_strx:
    case DW_FORM_addrx:
    case DW_FORM_loclistx:
    case DW_FORM_rnglistx:
    case DW_FORM_GNU_addr_index:
    case DW_FORM_GNU_str_index:
      reader.uleb();
      break;
    default:
      reader.fail();
      break;
  }
  return reader.ok();
}

AbbreviationTable::AbbreviationTable(std::span<const std::uint8_t> section, std::size_t offset,
                                     const UnitLayout& layout) {
  ByteReader reader(section, offset);
  std::vector<std::pair<std::size_t, std::size_t>> extents;  // Into attributes_, which still grows.
  while (true) {
    Coded entry;
    entry.code = reader.uleb();
    if (!reader.ok() || entry.code == 0) {
      break;
    }
    entry.abbreviation.tag = static_cast<std::uint32_t>(reader.uleb());
    entry.abbreviation.has_children = reader.u8() != 0;
    entry.abbreviation.is_fixed = true;
    const std::size_t first = attributes_.size();
    while (reader.ok()) {
      const auto name = reader.uleb();
      const auto form = reader.uleb();
      if (name == 0 && form == 0) {
        break;
      }
      AttributeShape shape;
      shape.name = static_cast<std::uint16_t>(name);
      shape.form = static_cast<std::uint16_t>(form);
      if (form == DW_FORM_implicit_const) {
        shape.implicit_value = reader.sleb();
      }
      const auto size = fixed_size(shape.form, layout);
      entry.abbreviation.is_fixed = entry.abbreviation.is_fixed && size.has_value();
      entry.abbreviation.fixed_bytes += size.value_or(0);
      entry.abbreviation.interesting = entry.abbreviation.interesting || is_decoded(shape.name);
      attributes_.push_back(shape);
    }
    if (!reader.ok()) {
      break;
    }
    extents.emplace_back(first, attributes_.size() - first);
    entries_.push_back(entry);
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const auto [first, count] = extents[i];
    entries_[i].abbreviation.attributes =
        std::span<const AttributeShape>(attributes_).subspan(first, count);
  }
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Coded& left, const Coded& right) { return left.code < right.code; });
}

const Abbreviation* AbbreviationTable::find(std::uint64_t code) const {
  if (code - 1 < entries_.size() && entries_[code - 1].code == code) {
    return &entries_[code - 1].abbreviation;
  }
  const auto found = std::lower_bound(
      entries_.begin(), entries_.end(), code,
      [](const Coded& entry, std::uint64_t wanted) { return entry.code < wanted; });
  return found != entries_.end() && found->code == code ? &found->abbreviation : nullptr;
}

}  // namespace xgops::symbolize
