// SPDX-License-Identifier: MIT
// Asking libdw for lists of ranges.
#include "code_ranges.hpp"

namespace xgops::symbolize {

void CodeRanges::of(const Die& die, std::vector<AddressRange>& ranges) {
  ranges.clear();
  if (die.code == Die::Code::kInterval) {
    ranges.push_back({die.low, die.high});
  } else if (die.code == Die::Code::kElsewhere) {
    Dwarf_Die entry;
    if (dwarf_offdie(dwarf_, die.offset, &entry) != nullptr) {
      of(entry, ranges);
    }
  }
}

void CodeRanges::of(Dwarf_Die& die, std::vector<AddressRange>& ranges) {
  ranges.clear();
  Dwarf_Addr base = 0;
  Dwarf_Addr begin = 0;
  Dwarf_Addr end = 0;
  std::ptrdiff_t position = 0;
  while (left_ > 0 && (position = dwarf_ranges(&die, position, &base, &begin, &end)) > 0) {
    --left_;
    // 0: a function that the linker dropped.
    if (begin != 0 && begin < end) {
      ranges.push_back({begin, end});
    }
  }
}

}  // namespace xgops::symbolize
