// SPDX-License-Identifier: MIT
// Names of code that a just-in-time compiler made: the list that it keeps for perf.
#pragma once

#include "range_table.hpp"
#include "target_files.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace xgops::symbolize {

/// `/tmp/perf-PID.map` of the target, read when first asked and again when it has grown.
class PerfMap {
 public:
  explicit PerfMap(TargetFiles& target) noexcept : target_(target) {}

  /// Name of the code at `address`; empty: none. Valid until the next call.
  [[nodiscard]] std::string_view find(std::uint64_t address);

 private:
  struct Name {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
  };

  /// Whether there was something new.
  bool reload();
  void parse();

  TargetFiles& target_;
  std::string text_;
  RangeTable<Name> names_;  ///< Parts of the text.
};

}  // namespace xgops::symbolize
