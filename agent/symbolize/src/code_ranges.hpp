// SPDX-License-Identifier: MIT
// The address ranges of a debugging information entry.
#pragma once

#include "die_reader.hpp"

#include <elfutils/libdw.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace xgops::symbolize {

struct AddressRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// Finds ranges, by libdw where they are in lists or tables. In a corrupt file every entry may
/// point to one long list, so there is a bound on all that one file may yield.
class CodeRanges {
 public:
  explicit CodeRanges(Dwarf* dwarf) noexcept : dwarf_(dwarf) {}

  /// Replaces the contents of `ranges`; they stay empty for an entry without code.
  void of(const Die& die, std::vector<AddressRange>& ranges);
  /// The same for an entry that libdw has found.
  void of(Dwarf_Die& die, std::vector<AddressRange>& ranges);

 private:
  static constexpr std::size_t kMaxRanges = 16U << 20U;

  Dwarf* dwarf_;
  std::size_t left_ = kMaxRanges;
};

}  // namespace xgops::symbolize
