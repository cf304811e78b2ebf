// SPDX-License-Identifier: MIT
// Which ELF file covers an address, and where its unwind table lies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace xgops::unwind {

/// An entry of a search table that we made for a file without .eh_frame_hdr (static executables).
struct FdeIndexEntry {
  std::uint64_t start = 0;  ///< First address of the function.
  std::uint64_t fde = 0;    ///< Where its frame description entry lies.
};

/// Executable part of one module. All addresses are run-time addresses.
struct UnwindModule {
  std::uint64_t text_begin = 0;
  std::uint64_t text_end = 0;
  std::uint64_t header = 0;  ///< .eh_frame_hdr, the base of its data-relative pointers; 0: none.
  std::uint64_t table = 0;   ///< Its binary search table: pairs of 32-bit offsets from `header`.
  std::uint32_t table_entries = 0;
  std::span<const FdeIndexEntry> index;  ///< Used when there is no table.
};

/// Modules in ascending order of `text_end`, not overlapping. Does not own them.
class ModuleTable {
 public:
  ModuleTable() = default;
  explicit ModuleTable(std::span<const UnwindModule> modules) noexcept : modules_(modules) {}

  [[nodiscard]] const UnwindModule* find(std::uint64_t address) const noexcept {
    std::size_t low = 0;
    std::size_t high = modules_.size();
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (modules_[middle].text_end <= address) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < modules_.size() && modules_[low].text_begin <= address ? &modules_[low] : nullptr;
  }

 private:
  std::span<const UnwindModule> modules_;
};

}  // namespace xgops::unwind
