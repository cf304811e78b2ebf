// SPDX-License-Identifier: MIT
// Looking up lines and files in a parsed table.
#include "line_table.hpp"

#include "line_table_parser.hpp"
#include "source_path.hpp"

#include <algorithm>

namespace xgops::symbolize {

LineTable::LineTable(const LineTableSource& source)
    : compilation_directory_(source.compilation_directory) {
  LineTableParser(source, *this).run();
  sequences_.seal();
}

const SourcePosition* LineTable::find(std::uint64_t address) const {
  const auto* sequence = sequences_.find(address);
  if (sequence == nullptr) {
    return nullptr;
  }
  const auto begin = rows_.begin() + sequence->value.begin;
  const auto end = rows_.begin() + sequence->value.end;
  // Of several rows with one address only the last covers any instruction. Whether a row is marked
  // as the beginning of a statement matters for breakpoints, not here.
  const auto next = std::upper_bound(begin, end, address, [](std::uint64_t wanted, const Row& row) {
    return wanted < row.address;
  });
  return next == begin ? nullptr : &std::prev(next)->position;
}

const std::string& LineTable::path(std::uint32_t file) {
  static const std::string none;
  if (file >= files_.size()) {
    return none;
  }
  File& entry = files_[file];
  if (entry.path.empty() && !entry.name.empty()) {
    const auto directory =
        entry.directory < directories_.size() ? directories_[entry.directory] : std::string_view{};
    entry.path = join_source_path(compilation_directory_, directory, entry.name);
  }
  return entry.path;
}

}  // namespace xgops::symbolize
