// SPDX-License-Identifier: MIT
// The functions of one unit: by address, and what encloses them.
#pragma once

#include "code_ranges.hpp"
#include "die_reader.hpp"
#include "range_table.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace xgops::symbolize {

class FunctionIndex {
 public:
  enum class Depth : std::uint8_t {
    kNamespaces,  ///< Functions in namespaces: nearly all, and found without reading their bodies.
    kEverything   ///< Also those inside of classes and of other functions.
  };

  /// Reads the unit whose own entry is at `root`.
  FunctionIndex(const DieReader& reader, std::size_t root, Depth depth, CodeRanges& ranges);

  /// Offset of the function whose code contains `address`; 0: none.
  [[nodiscard]] std::size_t find(std::uint64_t address) const;

  /// Offsets of the entries around the one at `offset`, outermost first, without the unit's own.
  [[nodiscard]] std::vector<std::size_t> enclosing(const DieReader& reader,
                                                   std::size_t offset) const;

 private:
  /// An entry with children.
  struct Scope {
    std::size_t offset = 0;
    std::size_t end = 0;
    std::ptrdiff_t parent = kNone;
  };
  static constexpr std::ptrdiff_t kNone = -1;

  RangeTable<std::size_t> functions_;
  std::vector<Scope> scopes_;  ///< By ascending offset.
};

}  // namespace xgops::symbolize
