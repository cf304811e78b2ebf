// SPDX-License-Identifier: MIT
// Runs the line number program that fills a `LineTable`.
#pragma once

#include "abbreviations.hpp"
#include "line_table.hpp"

#include <array>

namespace xgops::symbolize {

/// Lives for one table only.
class LineTableParser {
 public:
  LineTableParser(const LineTableSource& source, LineTable& table) noexcept
      : source_(source), table_(table), reader_(source.section) {}

  void run();

 private:
  /// The state machine's registers, section 6.2.2 of the standard.
  struct Registers {
    std::uint64_t address = 0;
    std::uint64_t operation_index = 0;
    SourcePosition position{1, 1, 0};
  };

  bool read_header();
  void read_old_tables();
  void read_new_tables();
  template <class Take>
  void read_entries(Take take);
  std::string_view read_string(std::uint16_t form);
  std::uint64_t read_number(std::uint16_t form);

  void run_program();
  void run_standard(std::uint8_t opcode);
  void run_extended();
  void advance(std::uint64_t operations);
  void add_row();
  void end_sequence();

  const LineTableSource& source_;
  LineTable& table_;
  ByteReader reader_;
  std::size_t program_end_ = 0;
  UnitLayout layout_;
  std::uint8_t minimum_instruction_bytes_ = 1;
  std::uint8_t operations_per_instruction_ = 1;
  std::int8_t line_base_ = 0;
  std::uint8_t line_range_ = 1;
  std::uint8_t opcode_base_ = 1;
  std::array<std::uint8_t, 256> operand_counts_{};
  Registers registers_;
  std::uint32_t sequence_begin_ = 0;
};

}  // namespace xgops::symbolize
