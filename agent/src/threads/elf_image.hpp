// SPDX-License-Identifier: MIT
// What we need of an ELF file that is mapped: bias, notes, unwind table. Every byte is checked.
#pragma once

#include "unwind/memory.hpp"
#include "unwind/module_table.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace xgops::threads {

struct ElfImage {
  std::uint64_t bias = 0;
  std::uint64_t eh_frame_header = 0;  ///< Run-time address; 0: none.
  std::vector<std::uint8_t> build_id;
  bool go = false;  ///< Go code is in it, by the build id of its linker.
};

/// Reads the headers of the file whose first byte is mapped at `base`. Nothing when there is no
/// 64-bit little-endian ELF file.
[[nodiscard]] std::optional<ElfImage> read_elf_image(unwind::Memory& memory, std::uint64_t base);

/// Makes a search table from the .eh_frame section of the executable open at `fd`, for files
/// without .eh_frame_hdr: GCC gives static executables none. Sorted; empty when there is no such
/// section.
[[nodiscard]] std::vector<unwind::FdeIndexEntry> index_from_sections(int fd, unwind::Memory& memory,
                                                                     std::uint64_t bias);

}  // namespace xgops::threads
