// SPDX-License-Identifier: MIT
// The DWARF of one file: its units, and which of them describes an address.
#pragma once

#include "code_ranges.hpp"
#include "dwarf_unit.hpp"
#include "elf_image.hpp"
#include "range_table.hpp"
#include "xgops/result.hpp"

#include <elfutils/libdw.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace xgops::symbolize {

class DwarfFile {
 public:
  /// Reads no unit yet. `image` and `alternate` (null: none) must outlive the object. What cannot
  /// be used is said in `problems`.
  static Result<std::unique_ptr<DwarfFile>> open(ElfImage& image, DwarfFile* alternate,
                                                 std::vector<std::string>& problems);
  ~DwarfFile();
  DwarfFile(const DwarfFile&) = delete;
  DwarfFile& operator=(const DwarfFile&) = delete;
  DwarfFile(DwarfFile&&) = delete;
  DwarfFile& operator=(DwarfFile&&) = delete;

  /// The unit with the code at `address`; null: none.
  DwarfUnit* unit_at(std::uint64_t address);
  /// The unit that an entry is in, which may be one of the alternate file; null: none of ours.
  DwarfUnit* unit_of(Dwarf_Die& die);

  [[nodiscard]] Dwarf* handle() const noexcept { return sections_.dwarf; }

 private:
  DwarfFile(DwarfSections sections, DwarfFile* alternate);

  void read_address_table(std::span<const std::uint8_t> section);
  void scan_units();
  DwarfUnit* unit(std::size_t header_offset);

  DwarfSections sections_;
  DwarfFile* alternate_;
  CodeRanges ranges_;
  RangeTable<std::size_t> by_address_;  ///< From `.debug_aranges`: offsets of unit headers.
  RangeTable<std::size_t> scanned_;     ///< From the units that are not in it.
  std::unordered_set<std::size_t> listed_;
  bool has_scanned_ = false;
  std::unordered_map<std::size_t, std::unique_ptr<DwarfUnit>> units_;
};

}  // namespace xgops::symbolize
