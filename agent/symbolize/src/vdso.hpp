// SPDX-License-Identifier: MIT
// The kernel's own shared object, which is in no file.
#pragma once

#include "build_id.hpp"
#include "elf_image.hpp"
#include "target_files.hpp"
#include "xgops/result.hpp"

#include <cstdint>
#include <memory>

namespace xgops::symbolize {

/// Copies the vdso that the target has at `begin`; without the right to read its memory, the
/// one of this process when its build-id is `build_id`.
Result<std::unique_ptr<ElfImage>> open_vdso(TargetFiles& target, std::uint64_t begin,
                                            const BuildId& build_id);

}  // namespace xgops::symbolize
