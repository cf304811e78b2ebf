// SPDX-License-Identifier: MIT
// Runs call frame instructions up to an address (DWARF 5 section 6.4.2).
#pragma once

#include "unwind/cursor.hpp"
#include "unwind/row.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace xgops::unwind {

class CallFrameProgram {
 public:
  struct Factors {
    std::uint64_t code_alignment = 1;
    std::int64_t data_alignment = 1;
    std::uint8_t pointer_encoding = 0;
  };

  /// `address` is where to stop; the row in force there is left in `row`.
  CallFrameProgram(Row& row, Factors factors, std::uint64_t address) noexcept
      : row_(row), factors_(factors), address_(address) {}

  /// Runs `code` from `location`. `initial` is the row after the common part; null while running
  /// it. False: the program is malformed or uses what x86-64 compilers do not.
  bool run(Cursor code, std::uint64_t location, const Row* initial) noexcept;

 private:
  bool step(Cursor& code, const Row* initial) noexcept;
  bool extended(Cursor& code, std::uint8_t op, const Row* initial) noexcept;
  bool define_cfa(Cursor& code, std::uint8_t op) noexcept;
  bool register_rule(Cursor& code, std::uint8_t op, const Row* initial) noexcept;
  void advance(std::uint64_t delta) noexcept { location_ += delta * factors_.code_alignment; }
  [[nodiscard]] std::int64_t factored(std::uint64_t offset) const noexcept;
  void set_rule(std::uint64_t number, const Rule& rule) noexcept;
  void restore(std::uint64_t number, const Row* initial) noexcept;

  static constexpr std::size_t kRememberedRows = 8;

  Row& row_;
  Factors factors_;
  std::uint64_t address_;
  std::uint64_t location_ = 0;
  std::array<Row, kRememberedRows> remembered_{};
  std::size_t remembered_count_ = 0;
};

}  // namespace xgops::unwind
