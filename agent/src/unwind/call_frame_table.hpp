// SPDX-License-Identifier: MIT
// Finds the call frame row of an address in .eh_frame (LSB 5.0 chapter 10.6, DWARF 5 section 6.4).
#pragma once

#include "unwind/cursor.hpp"
#include "unwind/memory.hpp"
#include "unwind/module_table.hpp"
#include "unwind/row.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace xgops::unwind {

/// Where .eh_frame_hdr keeps its search table. `header` is left as it was when there is none.
/// False: the bytes at `header_address` are no header of the usual form.
bool locate_search_table(Memory& memory, std::uint64_t header_address,
                         UnwindModule& module) noexcept;

/// Reads rows through `Memory`, so a library may be unloaded meanwhile. Uses no heap.
///
/// Thread safety: none. Cost: 2-6 us a row when the tables are in the reader's cache.
class CallFrameTable {
 public:
  explicit CallFrameTable(Memory& memory) noexcept : memory_(memory) {}

  void set_modules(ModuleTable modules) noexcept { modules_ = modules; }
  [[nodiscard]] const ModuleTable& modules() const noexcept { return modules_; }

  /// The row that holds at `address`, which for a return address is one byte before it.
  [[nodiscard]] RowStatus find(std::uint64_t address, Row& row) noexcept;

  /// First address of the function that covers `address`; 0 when unknown.
  [[nodiscard]] std::uint64_t function_start(std::uint64_t address) noexcept;

 private:
  struct CommonInfo {
    std::uint64_t code_alignment = 1;
    std::int64_t data_alignment = 1;
    std::uint8_t pointer_encoding = 0;
    bool has_augmentation_data = false;
    bool signal_frame = false;
    std::span<const std::uint8_t> program;
    std::uint64_t program_address = 0;
  };
  struct Description {
    CommonInfo common;
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::span<const std::uint8_t> program;
    std::uint64_t program_address = 0;
  };

  [[nodiscard]] std::uint64_t find_fde(const UnwindModule& module, std::uint64_t address) noexcept;
  [[nodiscard]] RowStatus find_description(std::uint64_t address,
                                           Description& description) noexcept;
  [[nodiscard]] bool read_description(std::uint64_t fde_address, Description& description) noexcept;
  [[nodiscard]] bool read_common(std::uint64_t cie_address, CommonInfo& common) noexcept;
  [[nodiscard]] std::span<const std::uint8_t> read_record(std::uint64_t address,
                                                          std::span<std::uint8_t> buffer) noexcept;

  // A record longer than this is refused: the longest seen in real programs (a 40,000-line
  // generated parser) had 5 KiB.
  static constexpr std::size_t kMaxRecordBytes = std::size_t{16} * 1024;

  Memory& memory_;
  ModuleTable modules_;
  std::array<std::uint8_t, kMaxRecordBytes> fde_buffer_{};
  std::array<std::uint8_t, 1024> cie_buffer_{};
};

/// Collects the functions of an .eh_frame section that has no search table, unsorted. Stops at
/// `capacity`. Returns how many were stored.
std::size_t index_eh_frame(Memory& memory, std::uint64_t address, std::uint64_t bytes,
                           std::span<FdeIndexEntry> entries) noexcept;

}  // namespace xgops::unwind
