// SPDX-License-Identifier: MIT
// Names and lines for the addresses of one file, read as far as needed and remembered.
#pragma once

#include "die_names.hpp"
#include "dwarf_file.hpp"
#include "elf_symbols.hpp"
#include "module_files.hpp"
#include "xgops/symbolize/symbolizer.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace xgops::symbolize {

class ModuleNames {
 public:
  ModuleNames(ModuleFiles files, const SymbolizerOptions& options);

  /// The functions at the file's address `address`, innermost first; empty: not known. `module` and
  /// `offset` are left to the caller.
  std::vector<Symbol> at(std::uint64_t address);

  /// Why names may be missing, in parts of a sentence.
  [[nodiscard]] const std::vector<std::string>& problems() const noexcept { return problems_; }

 private:
  void open_debug_information();
  void add_problem(std::string problem);
  std::vector<Symbol> with_inlined(DwarfUnit& unit, std::uint64_t address);
  const std::string& symbol_name(std::uint64_t address);
  void set_position(Symbol& symbol, DwarfUnit& unit, const SourcePosition& position);

  ModuleFiles files_;
  bool inlines_;
  bool lines_;
  std::vector<std::string> problems_;
  std::unique_ptr<ElfImage> minidebug_;
  SymbolIndex symbols_;
  std::unique_ptr<DwarfFile> alternate_;
  std::unique_ptr<DwarfFile> dwarf_;
  std::optional<DieNames> die_names_;
  std::unordered_map<const void*, std::string> readable_;  ///< By address of the symbol's name.
};

}  // namespace xgops::symbolize
