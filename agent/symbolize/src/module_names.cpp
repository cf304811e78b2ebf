// SPDX-License-Identifier: MIT
// Putting together what symbol tables and debug information say about an address.
#include "module_names.hpp"

#include "demangle.hpp"
#include "minidebug.hpp"

#include <algorithm>
#include <utility>

namespace xgops::symbolize {

ModuleNames::ModuleNames(ModuleFiles files, const SymbolizerOptions& options)
    : files_(std::move(files)),
      inlines_(options.inlines),
      lines_(options.lines),
      problems_(std::move(files_.problems)) {
  const bool stripped = (files_.main == nullptr || !files_.main->has(".symtab")) &&
                        (files_.debug == nullptr || !files_.debug->has(".symtab"));
  if (stripped && files_.main != nullptr) {
    minidebug_ = open_minidebug(*files_.main);
  }
  // A full table has all that the dynamic one has.
  std::vector<const ElfImage*> images = {files_.debug.get(), files_.main.get(), minidebug_.get()};
  if (files_.debug != nullptr && files_.debug->has(".symtab")) {
    images = {files_.debug.get()};
  }
  symbols_ = SymbolIndex(images);
  if (inlines_ || lines_) {
    open_debug_information();
  }
  if (problems_.empty() && symbols_.empty() && dwarf_ == nullptr) {
    problems_.emplace_back("its file has no symbols");
  }
}

void ModuleNames::open_debug_information() {
  ElfImage* image = files_.with_debug_info();
  if (image == nullptr) {
    return;
  }
  if (files_.alternate != nullptr) {
    if (auto alternate = DwarfFile::open(*files_.alternate, nullptr, problems_)) {
      alternate_ = *std::move(alternate);
    }
  }
  auto dwarf = DwarfFile::open(*image, alternate_.get(), problems_);
  if (!dwarf) {
    add_problem("its debug information is damaged: " + dwarf.error().hint);
    return;
  }
  dwarf_ = *std::move(dwarf);
  die_names_.emplace(*dwarf_);
}

void ModuleNames::add_problem(std::string problem) {
  if (std::find(problems_.begin(), problems_.end(), problem) == problems_.end()) {
    problems_.push_back(std::move(problem));
  }
}

const std::string& ModuleNames::symbol_name(std::uint64_t address) {
  const auto symbol = symbols_.find(address);
  const auto [known, is_new] = readable_.try_emplace(symbol.data());
  if (is_new && !symbol.empty()) {
    known->second = readable_symbol(symbol);
  }
  return known->second;
}

void ModuleNames::set_position(Symbol& symbol, DwarfUnit& unit, const SourcePosition& position) {
  if (lines_) {
    symbol.file = unit.lines().path(position.file);
    symbol.line = position.line;
    symbol.column = position.column;
  }
}

std::vector<Symbol> ModuleNames::at(std::uint64_t address) {
  DwarfUnit* unit = dwarf_ == nullptr ? nullptr : dwarf_->unit_at(address);
  if (unit == nullptr) {
    const auto& name = symbol_name(address);
    std::vector<Symbol> symbols;
    if (!name.empty()) {
      symbols.emplace_back().function = name;
    }
    return symbols;
  }
  if (unit->is_skeleton()) {
    add_problem(
        "its debug information is split into .dwo files, which are not read; "
        "inlined functions are missing");
  }
  return with_inlined(*unit, address);
}

std::vector<Symbol> ModuleNames::with_inlined(DwarfUnit& unit, std::uint64_t address) {
  const std::size_t function = unit.function_at(address);
  const auto calls =
      function == 0 ? std::vector<InlinedCall>{} : unit.inlined_calls(function, address);
  std::vector<Symbol> symbols(calls.size() + 1);
  // Where the instruction is in the innermost function, and in each outer one the call in it.
  SourcePosition position;
  if (const auto* found = lines_ ? unit.lines().find(address) : nullptr) {
    position = *found;
  }
  auto symbol = symbols.begin();
  for (auto call = calls.rbegin(); call != calls.rend(); ++call, ++symbol) {
    symbol->function = die_names_->function(call->offset);
    symbol->inlined = true;
    set_position(*symbol, unit, position);
    position = {call->file, call->line, call->column};
  }
  symbol->function = symbol_name(address);
  if (symbol->function.empty() && function != 0) {
    symbol->function = die_names_->function(function);
  }
  set_position(*symbol, unit, position);
  if (!inlines_) {
    symbols.erase(symbols.begin(), symbol);
  }
  if (symbols.size() == 1 && symbols.front().function.empty() && symbols.front().file.empty()) {
    symbols.clear();
  }
  return symbols;
}

}  // namespace xgops::symbolize
