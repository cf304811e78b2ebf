// SPDX-License-Identifier: MIT
// The line number program, section 6.2 of the DWARF standard.
#include "line_table_parser.hpp"

#include "source_path.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <dwarf.h>

namespace xgops::symbolize {

namespace {

constexpr std::uint32_t kLargeFormat = 0xffffffff;
constexpr std::size_t kMaxFileNameBytes = 4096;
constexpr std::size_t kMaxRows = std::numeric_limits<std::uint32_t>::max();

std::string_view string_in(std::span<const std::uint8_t> section, std::uint64_t offset) {
  if (offset >= section.size()) {
    return {};
  }
  // Bounded, because all of a damaged table's files may share one endless string.
  const auto rest = section.subspan(offset, std::min(kMaxFileNameBytes, section.size() - offset));
  const auto end = std::find(rest.begin(), rest.end(), std::uint8_t{0});
  return {reinterpret_cast<const char*>(rest.data()), static_cast<std::size_t>(end - rest.begin())};
}

}  // namespace

void LineTableParser::run() {
  if (source_.offset < source_.section.size() && read_header()) {
    run_program();
  }
}

bool LineTableParser::read_header() {
  reader_ = ByteReader(source_.section, source_.offset);
  layout_.offset_bytes = 4;
  layout_.address_bytes = source_.address_bytes;
  std::uint64_t length = reader_.u32();
  if (length == kLargeFormat) {
    layout_.offset_bytes = 8;
    length = reader_.u64();
  }
  if (!reader_.ok() || length > reader_.left()) {
    return false;
  }
  program_end_ = reader_.position() + length;
  reader_ = ByteReader(source_.section.first(program_end_), reader_.position());
  layout_.version = reader_.u16();
  if (layout_.version < 2 || layout_.version > 5) {
    return false;
  }
  if (layout_.version >= 5) {
    layout_.address_bytes = reader_.u8();
    reader_.u8();  // Size of a segment selector.
  }
  const std::uint64_t header_length = reader_.unsigned_of(layout_.offset_bytes);
  if (!reader_.ok() || header_length > reader_.left()) {
    return false;
  }
  const std::size_t program_begin = reader_.position() + static_cast<std::size_t>(header_length);
  minimum_instruction_bytes_ = reader_.u8();
  if (layout_.version >= 4) {
    operations_per_instruction_ = std::max<std::uint8_t>(reader_.u8(), 1);
  }
  reader_.u8();  // Whether rows begin statements unless said otherwise.
  line_base_ = static_cast<std::int8_t>(reader_.u8());
  line_range_ = std::max<std::uint8_t>(reader_.u8(), 1);
  opcode_base_ = reader_.u8();
  for (std::size_t opcode = 1; opcode < opcode_base_; ++opcode) {
    operand_counts_[opcode] = reader_.u8();
  }
  if (layout_.version >= 5) {
    read_new_tables();
  } else {
    read_old_tables();
  }
  reader_ = ByteReader(source_.section.first(program_end_), program_begin);
  return true;
}

void LineTableParser::read_old_tables() {
  table_.directories_.emplace_back();  // 0 is the directory of the compilation.
  for (auto name = reader_.c_string(); !name.empty(); name = reader_.c_string()) {
    table_.directories_.push_back(name);
  }
  table_.files_.emplace_back();  // Numbers begin at 1.
  for (auto name = reader_.c_string(); !name.empty(); name = reader_.c_string()) {
    const std::uint64_t directory = reader_.uleb();
    reader_.uleb();  // Time of modification.
    reader_.uleb();  // Size.
    table_.files_.push_back({name, directory, {}});
  }
}

void LineTableParser::read_new_tables() {
  read_entries(
      [this](std::string_view name, std::uint64_t) { table_.directories_.push_back(name); });
  if (!table_.directories_.empty()) {
    // The first one is the directory of the compilation, which the others are relative to.
    const auto first = std::exchange(table_.directories_.front(), std::string_view{});
    auto& base = table_.compilation_directory_;
    base = base.substr(0, 1) == "/" ? join_source_path(base, first, {}) : std::string(first);
  }
  read_entries([this](std::string_view name, std::uint64_t directory) {
    table_.files_.push_back({name, directory, {}});
  });
}

template <class Take>
void LineTableParser::read_entries(Take take) {
  struct Column {
    std::uint64_t content = 0;
    std::uint16_t form = 0;
  };
  std::array<Column, 256> columns{};
  const std::size_t column_count = reader_.u8();
  for (std::size_t i = 0; i < column_count; ++i) {
    columns[i].content = reader_.uleb();
    columns[i].form = static_cast<std::uint16_t>(reader_.uleb());
  }
  const std::uint64_t count = reader_.uleb();
  // Each entry has a byte at least, or the count is a lie.
  if (!reader_.ok() || column_count == 0 || count > reader_.left()) {
    return;
  }
  for (std::uint64_t i = 0; i < count && reader_.ok(); ++i) {
    std::string_view name;
    std::uint64_t directory = 0;
    const std::size_t begin = reader_.position();
    for (std::size_t column = 0; column < column_count; ++column) {
      const auto form = columns[column].form;
      if (columns[column].content == DW_LNCT_path) {
        name = read_string(form);
      } else if (columns[column].content == DW_LNCT_directory_index) {
        directory = read_number(form);
      } else {
        skip_form(reader_, form, layout_);
      }
    }
    if (reader_.position() == begin) {
      return;
    }
    take(name, directory);
  }
}

std::string_view LineTableParser::read_string(std::uint16_t form) {
  switch (form) {
    case DW_FORM_string:
      return reader_.c_string();
    case DW_FORM_line_strp:
      return string_in(source_.line_strings, reader_.unsigned_of(layout_.offset_bytes));
    case DW_FORM_strp:
      return string_in(source_.strings, reader_.unsigned_of(layout_.offset_bytes));
    default:
      skip_form(reader_, form, layout_);
      return {};
  }
}

std::uint64_t LineTableParser::read_number(std::uint16_t form) {
  switch (form) {
    case DW_FORM_data1:
      return reader_.u8();
    case DW_FORM_data2:
      return reader_.u16();
    case DW_FORM_data4:
      return reader_.u32();
    case DW_FORM_data8:
      return reader_.u64();
    case DW_FORM_udata:
      return reader_.uleb();
    default:
      skip_form(reader_, form, layout_);
      return 0;
  }
}

void LineTableParser::run_program() {
  while (!reader_.at_end()) {
    const std::uint8_t opcode = reader_.u8();
    if (opcode >= opcode_base_) {
      const auto adjusted = static_cast<unsigned>(opcode) - opcode_base_;
      advance(adjusted / line_range_);
      registers_.position.line +=
          static_cast<std::uint32_t>(line_base_ + static_cast<int>(adjusted % line_range_));
      add_row();
    } else if (opcode == 0) {
      run_extended();
    } else {
      run_standard(opcode);
    }
  }
}

void LineTableParser::run_standard(std::uint8_t opcode) {
  switch (opcode) {
    case DW_LNS_copy:
      add_row();
      break;
    case DW_LNS_advance_pc:
      advance(reader_.uleb());
      break;
    case DW_LNS_advance_line:
      registers_.position.line += static_cast<std::uint32_t>(reader_.sleb());
      break;
    case DW_LNS_set_file:
      registers_.position.file = static_cast<std::uint32_t>(reader_.uleb());
      break;
    case DW_LNS_set_column:
      registers_.position.column = static_cast<std::uint32_t>(reader_.uleb());
      break;
    case DW_LNS_const_add_pc:
      advance((255U - opcode_base_) / line_range_);
      break;
    case DW_LNS_fixed_advance_pc:
      registers_.address += reader_.u16();
      registers_.operation_index = 0;
      break;
    case DW_LNS_negate_stmt:
    case DW_LNS_set_basic_block:
    case DW_LNS_set_prologue_end:
    case DW_LNS_set_epilogue_begin:
      break;
    default:
      for (std::uint8_t i = 0; i < operand_counts_[opcode]; ++i) {
        reader_.uleb();
      }
      break;
  }
}

void LineTableParser::run_extended() {
  const std::uint64_t size = reader_.uleb();
  if (size == 0 || size > reader_.left()) {
    reader_.fail();
    return;
  }
  const std::size_t end = reader_.position() + static_cast<std::size_t>(size);
  switch (reader_.u8()) {
    case DW_LNE_end_sequence:
      end_sequence();
      break;
    case DW_LNE_set_address:
      registers_.address = reader_.unsigned_of(static_cast<std::size_t>(size) - 1);
      registers_.operation_index = 0;
      break;
    case DW_LNE_define_file: {
      const auto name = reader_.c_string();
      table_.files_.push_back({name, reader_.uleb(), {}});
      break;
    }
    default:
      break;
  }
  if (reader_.ok() && reader_.position() <= end) {
    reader_.skip(end - reader_.position());
  } else {
    reader_.fail();
  }
}

void LineTableParser::advance(std::uint64_t operations) {
  const std::uint64_t total = registers_.operation_index + operations;
  registers_.address += minimum_instruction_bytes_ * (total / operations_per_instruction_);
  registers_.operation_index = total % operations_per_instruction_;
}

void LineTableParser::add_row() {
  if (table_.rows_.size() >= kMaxRows) {
    reader_.fail();
    return;
  }
  // A row without instructions is of no use.
  if (table_.rows_.size() > sequence_begin_ && table_.rows_.back().address == registers_.address) {
    table_.rows_.back().position = registers_.position;
  } else {
    table_.rows_.push_back({registers_.address, registers_.position});
  }
}

void LineTableParser::end_sequence() {
  const auto begin = table_.rows_.begin() + sequence_begin_;
  const auto by_address = [](const auto& left, const auto& right) {
    return left.address < right.address;
  };
  if (!std::is_sorted(begin, table_.rows_.end(), by_address)) {
    std::stable_sort(begin, table_.rows_.end(), by_address);
  }
  // Linkers leave the lines of functions that they drop, at the address 0 or at the very end.
  if (begin != table_.rows_.end() && begin->address != 0 && begin->address < registers_.address) {
    table_.sequences_.add(begin->address, registers_.address,
                          {sequence_begin_, static_cast<std::uint32_t>(table_.rows_.size())});
  } else {
    table_.rows_.resize(sequence_begin_);
  }
  sequence_begin_ = static_cast<std::uint32_t>(table_.rows_.size());
  registers_ = Registers{};
}

}  // namespace xgops::symbolize
