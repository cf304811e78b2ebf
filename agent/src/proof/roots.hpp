// SPDX-License-Identifier: MIT
// Memory that leads to everything that the program can still reach: all of it of which we do not
// know how it is divided. Globals, stacks, thread-local variables, mappings of the program's own.
#pragma once

#include "proof/block_map.hpp"
#include "proof/memory_map.hpp"
#include "proof/scratch.hpp"

#include <cstdint>

namespace xgops::proof {

struct RootArea {
  Range range;
  bool private_file = false;  ///< Only pages that were changed can hold anything.
  /// Of these the child's page tables know nothing: what counts is what the system has in memory.
  bool shared = false;
};

/// `Doubt` bits: what of `mapping` makes a proof impossible.
[[nodiscard]] std::uint32_t doubts_of(const Mapping& mapping) noexcept;

class Roots {
 public:
  explicit Roots(Scratch& scratch) noexcept
      : scratch_(scratch), excluded_(scratch), areas_(scratch) {}

  /// Not the program's, or dead: stack below the stack pointer, memory of the agent.
  void exclude(const Range& range) noexcept;

  /// All of `map` but regions of `blocks`, what was excluded and what `scratch` has. `doubts` gets
  /// `Doubt` bits.
  [[nodiscard]] bool collect(const MemoryMap& map, const BlockMap& blocks,
                             std::uint32_t& doubts) noexcept;

  [[nodiscard]] const ScratchArray<RootArea>& areas() const noexcept { return areas_; }

 private:
  void add(const Mapping& mapping) noexcept;

  Scratch& scratch_;
  ScratchArray<Range> excluded_;
  ScratchArray<RootArea> areas_;
};

/// How much of a shared mapping is in memory. Nothing is read of it, which might fill its holes.
[[nodiscard]] std::uint64_t resident_bytes(const Range& range) noexcept;

/// Tells pages that hold something from those that were never written: /proc/self/pagemap, and for
/// shared mappings mincore(2).
class PageMap {
 public:
  explicit PageMap(int fd) noexcept : fd_(fd) {}

  /// Calls `visit(range)` for the parts of `area` that can hold pointers. False: it cannot be told.
  template <class Visit>
  [[nodiscard]] bool visit_used(const RootArea& area, Visit&& visit) noexcept {
    for (std::uint64_t at = area.range.begin; at < area.range.end;) {
      Range used;
      if (!next_used(area, at, used)) {
        return false;
      }
      if (used.bytes() != 0) {
        visit(used);
      }
      at = used.end;
    }
    return true;
  }

 private:
  static constexpr std::size_t kEntries = 512;
  static constexpr std::uint64_t kPageBytes = 4096;

  /// The next part from `at` on; one of no bytes where there is none up to its end.
  [[nodiscard]] bool next_used(const RootArea& area, std::uint64_t at, Range& used) noexcept;
  [[nodiscard]] bool load(std::uint64_t page) noexcept;
  [[nodiscard]] bool load_shared(std::uint64_t page, std::uint64_t end) noexcept;

  int fd_;
  std::uint64_t first_page_ = 0;
  std::size_t loaded_ = 0;
  bool loaded_shared_ = false;
  std::uint64_t entries_[kEntries] = {};
};

}  // namespace xgops::proof
