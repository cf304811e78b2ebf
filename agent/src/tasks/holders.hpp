// SPDX-License-Identifier: MIT
// Reads the sets of holders that primitives of the host keep.
#pragma once

#include <cstdint>
#include <vector>

namespace xgops::tasks {

/// A `HolderSet` of tasks.hpp as it was read.
struct HolderSetFacts {
  bool is_set = false;  ///< False: what lies at the address is none, or cannot be read.
  bool any = false;     ///< Any of them ends the wait; else all have to let go.
  bool sealed = false;  ///< Nobody else can end it.
  std::uint64_t unlisted = 0;
  std::vector<std::uint64_t> words;  ///< As in `Holder`.

  /// The word of the only one who has to let go; 0: there are several, or none.
  [[nodiscard]] std::uint64_t only_holder() const noexcept {
    return !any && unlisted == 0 && words.size() == 1 ? words.front() : 0;
  }
};

/// Reads the set at `address`, which may lead nowhere, with those that it includes.
/// Cost: 1 us for each set.
[[nodiscard]] HolderSetFacts read_holder_set(std::uint64_t address);

}  // namespace xgops::tasks
