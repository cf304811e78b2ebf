// SPDX-License-Identifier: MIT
// Reading parts of a unit on demand.
#include "dwarf_unit.hpp"

#include <cstring>

#include <dwarf.h>

namespace xgops::symbolize {

namespace {

constexpr std::size_t kMaxPathBytes = 4096;

std::string string_attribute(Dwarf_Die& die, unsigned attribute) {
  Dwarf_Attribute found;
  const char* text =
      dwarf_attr(&die, attribute, &found) == nullptr ? nullptr : dwarf_formstring(&found);
  return text == nullptr ? std::string{} : std::string(text, ::strnlen(text, kMaxPathBytes));
}

}  // namespace

std::optional<UnitHeader> read_unit_header(Dwarf* dwarf, std::size_t offset) {
  Dwarf_Off next = 0;
  std::size_t header_bytes = 0;
  Dwarf_Half version = 0;
  Dwarf_Off abbreviations = 0;
  std::uint8_t address_bytes = 0;
  std::uint8_t offset_bytes = 0;
  if (dwarf_next_unit(dwarf, offset, &next, &header_bytes, &version, &abbreviations, &address_bytes,
                      &offset_bytes, nullptr, nullptr) != 0 ||
      next <= offset || header_bytes >= next - offset) {
    return std::nullopt;
  }
  return UnitHeader{offset, offset + header_bytes, next, abbreviations,
                    UnitLayout{version, address_bytes, offset_bytes}};
}

DwarfUnit::DwarfUnit(const DwarfSections& sections, const UnitHeader& header, CodeRanges& ranges)
    : sections_(sections),
      ranges_(ranges),
      header_(header),
      abbreviations_(sections.abbreviations, header.abbreviations, header.layout),
      reader_(sections.info, abbreviations_, header.layout, header.offset, header.end) {
  Dwarf_Die root;
  std::uint8_t type = 0;
  if (dwarf_offdie(sections_.dwarf, header_.root, &root) != nullptr &&
      dwarf_cu_info(root.cu, nullptr, &type, nullptr, nullptr, nullptr, nullptr, nullptr) == 0) {
    skeleton_ = type == DW_UT_skeleton;
  }
}

const FunctionIndex& DwarfUnit::functions() {
  if (!functions_) {
    functions_.emplace(reader_, header_.root, FunctionIndex::Depth::kNamespaces, ranges_);
  }
  return *functions_;
}

std::size_t DwarfUnit::function_at(std::uint64_t address) {
  if (const auto function = functions().find(address); function != 0) {
    return function;
  }
  if (!all_functions_) {
    all_functions_.emplace(reader_, header_.root, FunctionIndex::Depth::kEverything, ranges_);
  }
  return all_functions_->find(address);
}

std::vector<InlinedCall> DwarfUnit::inlined_calls(std::size_t function, std::uint64_t address) {
  auto known = inline_trees_.find(function);
  if (known == inline_trees_.end()) {
    known = inline_trees_.try_emplace(function, reader_, function, ranges_).first;
  }
  return known->second.calls_at(address);
}

std::vector<std::size_t> DwarfUnit::enclosing(std::size_t offset) {
  return functions().enclosing(reader_, offset);
}

LineTableSource DwarfUnit::line_table_source() {
  LineTableSource source{sections_.lines,        sections_.line_strings,       sections_.strings,
                         sections_.lines.size(), header_.layout.address_bytes, {}};
  Dwarf_Die root;
  Dwarf_Attribute attribute;
  Dwarf_Word offset = 0;
  if (dwarf_offdie(sections_.dwarf, header_.root, &root) != nullptr &&
      dwarf_attr(&root, DW_AT_stmt_list, &attribute) != nullptr &&
      dwarf_formudata(&attribute, &offset) == 0) {
    source.offset = offset;
    source.compilation_directory = string_attribute(root, DW_AT_comp_dir);
  }
  return source;
}

LineTable& DwarfUnit::lines() {
  if (!lines_) {
    lines_.emplace(line_table_source());
  }
  return *lines_;
}

}  // namespace xgops::symbolize
