// SPDX-License-Identifier: MIT
// All files that say something about one module of the target.
#pragma once

#include "debug_files.hpp"
#include "elf_image.hpp"
#include "target_files.hpp"
#include "xgops/symbolize/symbolizer.hpp"

#include <memory>
#include <string>
#include <vector>

namespace xgops::symbolize {

struct ModuleFiles {
  std::unique_ptr<ElfImage> main;       ///< The module's own file.
  std::unique_ptr<ElfImage> debug;      ///< Its separate debug file.
  std::unique_ptr<ElfImage> alternate;  ///< What `debug`, or else `main`, shares with other files.
  std::vector<std::string> problems;    ///< Why names may be missing; parts of a sentence.

  /// The file with the DWARF; null: there is none.
  [[nodiscard]] ElfImage* with_debug_info() const;
};

/// Finds and opens them. Files of another build than the one that the target runs are refused.
ModuleFiles find_module_files(const Module& module, TargetFiles& target, DebugFileFinder& finder);

}  // namespace xgops::symbolize
