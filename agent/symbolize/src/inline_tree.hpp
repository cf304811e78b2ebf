// SPDX-License-Identifier: MIT
// The calls that the compiler inlined into one function.
#pragma once

#include "code_ranges.hpp"
#include "die_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace xgops::symbolize {

struct InlinedCall {
  std::size_t offset = 0;  ///< Of its entry, which leads to the called function.
  std::uint32_t file = 0;  ///< Where the call is written, in the line table's numbers.
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

class InlineTree {
 public:
  /// Reads the entries below the function at `offset`.
  InlineTree(const DieReader& reader, std::size_t offset, CodeRanges& ranges);

  /// The calls whose code contains `address`, outermost first.
  [[nodiscard]] std::vector<InlinedCall> calls_at(std::uint64_t address) const;

 private:
  struct Node {
    InlinedCall call;
    std::ptrdiff_t parent = kNone;
    std::size_t ranges_begin = 0;
    std::size_t ranges_end = 0;
  };
  static constexpr std::ptrdiff_t kNone = -1;

  std::vector<Node> nodes_;  ///< Each call before the ones in it.
  std::vector<AddressRange> ranges_;
};

}  // namespace xgops::symbolize
