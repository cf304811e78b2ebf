// SPDX-License-Identifier: MIT
// Decoding debugging information entries.
#include "die_reader.hpp"

#include <algorithm>
#include <optional>

#include <dwarf.h>

namespace xgops::symbolize {

namespace {

/// A plain number, or nothing when the form holds none; then the value is skipped.
std::optional<std::uint64_t> read_number(ByteReader& reader, const AttributeShape& shape,
                                         const UnitLayout& layout) {
  switch (shape.form) {
    case DW_FORM_data1:
    case DW_FORM_ref1:
      return reader.u8();
    case DW_FORM_data2:
    case DW_FORM_ref2:
      return reader.u16();
    case DW_FORM_data4:
    case DW_FORM_ref4:
      return reader.u32();
    case DW_FORM_data8:
    case DW_FORM_ref8:
      return reader.u64();
    case DW_FORM_udata:
    case DW_FORM_ref_udata:
      return reader.uleb();
    case DW_FORM_sdata:
      return static_cast<std::uint64_t>(reader.sleb());
    case DW_FORM_implicit_const:
      return static_cast<std::uint64_t>(shape.implicit_value);
    default:
      skip_form(reader, shape.form, layout);
      return std::nullopt;
  }
}

}  // namespace

DieReader::DieReader(std::span<const std::uint8_t> section, const AbbreviationTable& abbreviations,
                     UnitLayout layout, std::size_t unit_begin, std::size_t unit_end)
    : section_(section.first(std::min(unit_end, section.size()))),
      abbreviations_(&abbreviations),
      layout_(layout),
      unit_begin_(unit_begin),
      unit_end_(section_.size()) {}

bool DieReader::read(std::size_t offset, Die& die) const {
  die = Die{};
  die.offset = offset;
  if (offset >= unit_end_) {
    return false;
  }
  ByteReader reader(section_, offset);
  const std::uint64_t code = reader.uleb();
  if (!reader.ok()) {
    return false;
  }
  if (code == 0) {
    die.end = reader.position();
    return true;
  }
  die.shape = abbreviations_->find(code);
  if (die.shape == nullptr) {
    return false;
  }
  if (die.shape->interesting) {
    decode(reader, die);
  } else if (die.shape->is_fixed) {
    reader.skip(die.shape->fixed_bytes);
  } else {
    for (const AttributeShape& shape : die.shape->attributes) {
      skip_form(reader, shape.form, layout_);
    }
  }
  die.end = reader.position();
  return reader.ok();
}

void DieReader::decode(ByteReader& reader, Die& die) const {
  bool has_low = false;
  bool has_high = false;
  bool elsewhere = false;
  bool high_is_size = false;
  for (const AttributeShape& shape : die.shape->attributes) {
    switch (shape.name) {
      case DW_AT_sibling: {
        const auto offset = read_number(reader, shape, layout_);
        die.sibling = offset && *offset <= unit_end_ - unit_begin_
                          ? unit_begin_ + static_cast<std::size_t>(*offset)
                          : 0;
        break;
      }
      case DW_AT_low_pc:
      case DW_AT_high_pc: {
        const bool is_low = shape.name == DW_AT_low_pc;
        std::optional<std::uint64_t> value;
        if (shape.form == DW_FORM_addr) {
          value = reader.unsigned_of(layout_.address_bytes);
        } else {
          value = read_number(reader, shape, layout_);
          elsewhere = elsewhere || is_low || !value;
          high_is_size = true;
        }
        (is_low ? has_low : has_high) = true;
        (is_low ? die.low : die.high) = value.value_or(0);
        break;
      }
      case DW_AT_ranges:
        skip_form(reader, shape.form, layout_);
        elsewhere = true;
        break;
      case DW_AT_call_file:
        die.call_file = static_cast<std::uint32_t>(read_number(reader, shape, layout_).value_or(0));
        break;
      case DW_AT_call_line:
        die.call_line = static_cast<std::uint32_t>(read_number(reader, shape, layout_).value_or(0));
        break;
      case DW_AT_call_column:
        die.call_column =
            static_cast<std::uint32_t>(read_number(reader, shape, layout_).value_or(0));
        break;
      default:
        skip_form(reader, shape.form, layout_);
        break;
    }
  }
  if (elsewhere) {
    die.code = Die::Code::kElsewhere;
  } else if (has_low && has_high) {
    die.high = high_is_size ? die.low + die.high : die.high;
    die.code = die.low < die.high ? Die::Code::kInterval : Die::Code::kNone;
  }
}

std::size_t DieReader::behind(const Die& die) const {
  if (die.shape == nullptr || !die.shape->has_children) {
    return die.end;
  }
  std::size_t position = die.end;
  std::size_t depth = 1;
  if (die.sibling > die.end) {
    return die.sibling;
  }
  Die inner;
  while (depth > 0 && read(position, inner)) {
    if (inner.shape == nullptr) {
      --depth;
      position = inner.end;
    } else if (inner.shape->has_children && inner.sibling > inner.end) {
      position = inner.sibling;
    } else {
      depth += inner.shape->has_children ? 1 : 0;
      position = inner.end;
    }
  }
  return depth == 0 ? position : unit_end_;
}

}  // namespace xgops::symbolize
