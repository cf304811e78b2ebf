// SPDX-License-Identifier: MIT
// The functions in the symbol tables of one module, by address.
#pragma once

#include "elf_image.hpp"
#include "range_table.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace xgops::symbolize {

class SymbolIndex {
 public:
  SymbolIndex() = default;
  /// Reads the tables of the images, the best first; null ones are left out. They must outlive the
  /// object.
  explicit SymbolIndex(const std::vector<const ElfImage*>& images);

  /// The function whose size covers `address`, as the table spells it; empty: none. Of several
  /// names of one function it is the one that a person would look for.
  [[nodiscard]] std::string_view find(std::uint64_t address) const;

  [[nodiscard]] bool empty() const noexcept { return functions_.empty(); }

 private:
  /// Where the name of a symbol is.
  struct Name {
    std::uint32_t table = 0;
    std::uint32_t offset = 0;
  };
  struct Candidate {
    std::uint64_t begin = 0;
    std::uint64_t size = 0;
    Name name;
    const ElfImage* image = nullptr;
    std::uint32_t section = 0;
    bool is_local = false;
  };

  void read(const ElfImage& image, std::vector<Candidate>& candidates);
  void index(std::vector<Candidate>& candidates);
  [[nodiscard]] bool is_better(const Candidate& left, const Candidate& right) const;
  [[nodiscard]] std::string_view text(const Name& name) const;

  std::vector<ElfImage::SymbolTable> tables_;
  RangeTable<Name> functions_;
};

}  // namespace xgops::symbolize
