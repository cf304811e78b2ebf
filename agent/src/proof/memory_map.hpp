// SPDX-License-Identifier: MIT
// The mappings of a process with what of them is in memory: /proc/PID/smaps.
#pragma once

#include "proof/scratch.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace xgops::proof {

enum class MappingKind : std::uint8_t {
  kAnonymous = 0,
  kFile,            ///< Also shared memory without a name.
  kHeap,            ///< What brk(2) grows.
  kStack,           ///< Of the main thread.
  kSystem,          ///< Made by the kernel: vdso and the like.
  kDevice,          ///< To read it may have effects.
  kAsynchronousIo,  ///< The rings of libaio and io_uring.
};

struct Mapping {
  Range range;
  MappingKind kind = MappingKind::kAnonymous;
  bool readable = false;
  bool writable = false;
  bool executable = false;
  bool shared = false;
  bool c_library = false;           ///< Of a file libc.so.6.
  bool wiped_by_fork = false;       ///< MADV_WIPEONFORK.
  bool left_out_by_fork = false;    ///< MADV_DONTFORK.
  bool huge_pages = false;          ///< Of hugetlbfs.
  std::uint64_t used_bytes = 0;     ///< In memory or swapped out.
  std::uint64_t swapped_bytes = 0;  ///< Of these.
  std::uint64_t changed_bytes = 0;  ///< Of these, what is no unchanged part of a file.
  std::uint64_t private_bytes = 0;  ///< In memory, and no other process has it.
};

/// Reads the text of smaps, or of smaps_rollup, piece by piece. For the child too: nothing is
/// allocated elsewhere.
class MemoryMap {
 public:
  explicit MemoryMap(Scratch& scratch) noexcept : mappings_(scratch), scratch_(scratch) {}

  /// Reads all of `fd`. False: it cannot be read, or there is no memory.
  [[nodiscard]] bool read(int fd) noexcept;
  /// One line, without its end.
  void add_line(std::string_view line) noexcept;

  [[nodiscard]] const ScratchArray<Mapping>& mappings() const noexcept { return mappings_; }
  /// The mapping that has `address`; null: none.
  [[nodiscard]] const Mapping* find(std::uint64_t address) const noexcept;
  /// Whether all of `range` can be read and written.
  [[nodiscard]] bool covers(const Range& range) const noexcept;

 private:
  ScratchArray<Mapping> mappings_;
  Scratch& scratch_;
};

}  // namespace xgops::proof
