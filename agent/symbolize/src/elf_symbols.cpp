// SPDX-License-Identifier: MIT
// Sorting the symbols of a module and choosing among aliases.
#include "elf_symbols.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

namespace xgops::symbolize {

namespace {

constexpr unsigned symbol_type(const Elf64_Sym& symbol) {
  return symbol.st_info & 0xfU;
}
constexpr unsigned symbol_binding(const Elf64_Sym& symbol) {
  return symbol.st_info >> 4U;
}

constexpr bool is_function(const Elf64_Sym& symbol) {
  const auto type = symbol_type(symbol);
  return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol.st_shndx != SHN_UNDEF &&
         symbol.st_value != 0;
}

/// Underscores before the name proper. The prefix of a mangled name is no such thing.
std::size_t leading_underscores(std::string_view name) {
  const auto count = std::min(name.find_first_not_of('_'), name.size());
  return count == 1 && name.substr(0, 2) == "_Z" ? 0 : count;
}

}  // namespace

SymbolIndex::SymbolIndex(const std::vector<const ElfImage*>& images) {
  std::vector<Candidate> candidates;
  for (const ElfImage* image : images) {
    if (image != nullptr) {
      read(*image, candidates);
    }
  }
  index(candidates);
}

void SymbolIndex::read(const ElfImage& image, std::vector<Candidate>& candidates) {
  auto tables = image.symbol_tables(SHT_SYMTAB);
  if (tables.empty()) {
    tables = image.symbol_tables(SHT_DYNSYM);
  }
  for (const auto& table : tables) {
    const auto number = static_cast<std::uint32_t>(tables_.size());
    tables_.push_back(table);
    for (const Elf64_Sym& symbol : table.symbols) {
      if (is_function(symbol)) {
        candidates.push_back({symbol.st_value,
                              symbol.st_size,
                              {number, symbol.st_name},
                              &image,
                              symbol.st_shndx,
                              symbol_binding(symbol) == STB_LOCAL});
      }
    }
  }
}

void SymbolIndex::index(std::vector<Candidate>& candidates) {
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& left, const Candidate& right) {
              // Those without a size last: the others say where the function ends.
              return std::tuple(left.begin, left.size == 0, left.name.table, left.name.offset) <
                     std::tuple(right.begin, right.size == 0, right.name.table, right.name.offset);
            });
  for (auto first = candidates.begin(); first != candidates.end();) {
    const auto next = std::find_if(first, candidates.end(), [&](const Candidate& other) {
      return other.begin != first->begin;
    });
    auto best = first;
    for (auto alias = std::next(first); alias != next; ++alias) {
      if (is_better(*alias, *best)) {
        best = alias;
      }
    }
    std::uint64_t size = 0;
    for (auto alias = first; alias != next; ++alias) {
      size = std::max(size, alias->size);
    }
    std::uint64_t end = first->begin + size;
    if (size == 0) {
      // Written in assembly: up to the next function, but not beyond its section.
      const auto section_end = first->image->code_end(first->section);
      end = next == candidates.end() ? section_end : std::min(next->begin, section_end);
    }
    functions_.add(first->begin, end, best->name);
    first = next;
  }
  functions_.seal();
}

bool SymbolIndex::is_better(const Candidate& left, const Candidate& right) const {
  if ((left.size == 0) != (right.size == 0)) {
    return right.size == 0;
  }
  const auto rank = [this](const Candidate& candidate) {
    const auto name = text(candidate.name);
    // A caller wrote `read`, not `__GI___read`; shorter is plainer.
    return std::tuple(name.empty(), leading_underscores(name), candidate.is_local, name.size(),
                      name);
  };
  return rank(left) < rank(right);
}

std::string_view SymbolIndex::text(const Name& name) const {
  return tables_[name.table].name(name.offset);
}

std::string_view SymbolIndex::find(std::uint64_t address) const {
  const auto* found = functions_.find(address);
  return found == nullptr ? std::string_view{} : text(found->value);
}

}  // namespace xgops::symbolize
