// SPDX-License-Identifier: MIT
// Names of functions from the debug information, for those without a symbol: inlined ones.
#pragma once

#include "dwarf_file.hpp"

#include <elfutils/libdw.h>

#include <cstddef>
#include <string>
#include <unordered_map>

namespace xgops::symbolize {

class DieNames {
 public:
  /// `file` must outlive the object.
  explicit DieNames(DwarfFile& file) noexcept : file_(file) {}

  /// Readable name of the function whose entry, or an inlined call of which, is at `offset`; empty:
  /// it has none. The mangled name has parameter types; functions that no other unit may call have
  /// only a plain name, which is qualified with what encloses it.
  const std::string& function(std::size_t offset);

 private:
  std::string name(Dwarf_Die& die, int depth);
  std::string qualified(Dwarf_Die& declaration, const std::string& plain, int depth);
  std::string scope_name(Dwarf_Die& scope, int depth, bool& complete);

  DwarfFile& file_;
  std::unordered_map<const void*, std::string> known_;  ///< By libdw's address of the origin.
};

}  // namespace xgops::symbolize
