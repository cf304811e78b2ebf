// SPDX-License-Identifier: MIT
// Fuzz target: what the symbolizer reads by itself. The first byte chooses a line table, the
// entries of a unit, or a name; each must end and stay inside its input, whatever that is.
#include "abbreviations.hpp"
#include "code_ranges.hpp"
#include "demangle.hpp"
#include "die_reader.hpp"
#include "function_index.hpp"
#include "inline_tree.hpp"
#include "line_table.hpp"
#include "name_cleaner.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

namespace {

using xgops::symbolize::AbbreviationTable;
using xgops::symbolize::CodeRanges;
using xgops::symbolize::DieReader;
using xgops::symbolize::FunctionIndex;
using xgops::symbolize::InlineTree;
using xgops::symbolize::LineTable;
using xgops::symbolize::LineTableSource;
using xgops::symbolize::UnitLayout;
using Bytes = std::span<const std::uint8_t>;

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

void read_line_table(Bytes input) {
  LineTableSource source;
  source.section = input;
  source.line_strings = input;
  source.strings = input;
  source.compilation_directory = "/src";
  LineTable table(source);
  for (std::uint64_t address = 0; address < 0x4000; address += 61) {
    if (const auto* position = table.find(address)) {
      static_cast<void>(table.path(position->file));
    }
  }
  static_cast<void>(table.path(0));
}

/// Version, sizes, size of the abbreviations, the abbreviations, the entries.
void read_entries(Bytes input) {
  if (input.size() < 4) {
    return;
  }
  const UnitLayout layout{input[0], static_cast<std::uint8_t>(input[1] % 2 == 0 ? 8 : 4),
                          static_cast<std::uint8_t>(input[2] % 2 == 0 ? 4 : 8)};
  const auto split = std::min<std::size_t>(input[3] * std::size_t{4}, input.size() - 4);
  const Bytes shapes = input.subspan(4, split);
  const Bytes entries = input.subspan(4 + split);
  const AbbreviationTable abbreviations(shapes, 0, layout);
  const DieReader reader(entries, abbreviations, layout, 0, entries.size());
  CodeRanges ranges(nullptr);
  for (const auto depth : {FunctionIndex::Depth::kNamespaces, FunctionIndex::Depth::kEverything}) {
    const FunctionIndex index(reader, 0, depth, ranges);
    for (std::size_t offset = 0; offset < entries.size(); offset += 7) {
      for (const auto around : index.enclosing(reader, offset)) {
        require(around < offset);
      }
    }
    for (std::uint64_t address = 0x1000; address < 0x3000; address += 101) {
      if (const auto function = index.find(address)) {
        require(function < entries.size());
        require(InlineTree(reader, function, ranges).calls_at(address).size() <= entries.size());
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const Bytes input(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      read_line_table(input);
      break;
    case 1:
      read_entries(input);
      break;
    case 2: {
      // Only what needs no demangling: libstdc++'s own is bounded in the release's build alone.
      const std::string name(input.begin(), input.end());
      require(xgops::symbolize::readable_name(name).size() <= 2 * name.size() + 16);
      break;
    }
    default:
      static_cast<void>(xgops::symbolize::clean_name(std::string(input.begin(), input.end())));
      break;
  }
  return 0;
}
