// SPDX-License-Identifier: MIT
// `.gnu_debugdata`: a small compressed ELF file inside a stripped one, with its local symbols.
#pragma once

#include "elf_image.hpp"

#include <memory>

namespace xgops::symbolize {

/// The file inside `image`; null when there is none or it is damaged.
[[nodiscard]] std::unique_ptr<ElfImage> open_minidebug(const ElfImage& image);

}  // namespace xgops::symbolize
