// SPDX-License-Identifier: MIT
// Opening DWARF with libdw and finding units by address.
#include "dwarf_file.hpp"

#include "byte_reader.hpp"

#include <cerrno>
#include <utility>

#include <dwarf.h>

namespace xgops::symbolize {

Result<std::unique_ptr<DwarfFile>> DwarfFile::open(ElfImage& image, DwarfFile* alternate,
                                                   std::vector<std::string>& problems) {
  image.hide_unneeded_debug_sections(problems);
  Dwarf* dwarf = dwarf_begin_elf(image.elf(), DWARF_C_READ, nullptr);
  if (dwarf == nullptr) {
    return system_error(ENOEXEC, image.name(), dwarf_errmsg(-1));
  }
  const DwarfSections sections{dwarf,
                               image.contents(".debug_info"),
                               image.contents(".debug_abbrev"),
                               image.contents(".debug_line"),
                               image.contents(".debug_line_str"),
                               image.contents(".debug_str")};
  std::unique_ptr<DwarfFile> file(new DwarfFile(sections, alternate));
  file->read_address_table(image.contents(".debug_aranges"));
  return file;
}

DwarfFile::DwarfFile(DwarfSections sections, DwarfFile* alternate)
    : sections_(sections), alternate_(alternate), ranges_(sections.dwarf) {
  if (alternate_ != nullptr) {
    dwarf_setalt(sections_.dwarf, alternate_->handle());
  }
}

DwarfFile::~DwarfFile() {
  units_.clear();
  dwarf_end(sections_.dwarf);
}

void DwarfFile::read_address_table(std::span<const std::uint8_t> section) {
  constexpr std::uint32_t kLargeFormat = 0xffffffff;
  ByteReader reader(section);
  while (!reader.at_end()) {
    std::uint64_t length = reader.u32();
    std::size_t offset_bytes = 4;
    if (length == kLargeFormat) {
      length = reader.u64();
      offset_bytes = 8;
    }
    if (!reader.ok() || length > reader.left()) {
      break;
    }
    const std::size_t begin = reader.position();
    const std::size_t end = begin + length;
    ByteReader table(section.first(end), begin);
    const auto version = table.u16();
    const auto unit = table.unsigned_of(offset_bytes);
    const std::size_t address_bytes = table.u8();
    const auto segment_bytes = table.u8();
    reader.skip(length);
    if (!table.ok() || version != 2 || address_bytes != 8 || segment_bytes != 0) {
      continue;
    }
    // The pairs are aligned to their size, counted from the beginning of this table.
    const std::size_t header = table.position() - (begin - (offset_bytes == 8 ? 12 : 4));
    constexpr std::size_t kPairBytes = 16;
    table.skip((kPairBytes - header % kPairBytes) % kPairBytes);
    listed_.insert(unit);
    while (table.left() >= kPairBytes) {
      const std::uint64_t address = table.u64();
      const std::uint64_t size = table.u64();
      if (address != 0 && size != 0) {
        by_address_.add(address, address + size, unit);
      }
    }
  }
  by_address_.seal();
}

void DwarfFile::scan_units() {
  has_scanned_ = true;
  std::vector<AddressRange> extents;
  std::size_t offset = 0;
  while (const auto header = read_unit_header(sections_.dwarf, offset)) {
    offset = header->end;
    Dwarf_Die root;
    if (listed_.count(header->offset) != 0 ||
        dwarf_offdie(sections_.dwarf, header->root, &root) == nullptr) {
      continue;
    }
    const int tag = dwarf_tag(&root);
    if (tag == DW_TAG_compile_unit || tag == DW_TAG_skeleton_unit) {
      ranges_.of(root, extents);
      for (const auto& extent : extents) {
        scanned_.add(extent.begin, extent.end, header->offset);
      }
    }
  }
  scanned_.seal();
}

DwarfUnit* DwarfFile::unit_at(std::uint64_t address) {
  if (const auto* listed = by_address_.find(address)) {
    return unit(listed->value);
  }
  // Clang writes no table of addresses, so a part of a program may lack one.
  if (!has_scanned_) {
    scan_units();
  }
  const auto* scanned = scanned_.find(address);
  return scanned == nullptr ? nullptr : unit(scanned->value);
}

DwarfUnit* DwarfFile::unit_of(Dwarf_Die& die) {
  Dwarf* dwarf = dwarf_cu_getdwarf(die.cu);
  if (dwarf != handle()) {
    return alternate_ != nullptr && dwarf == alternate_->handle() ? alternate_->unit_of(die)
                                                                  : nullptr;
  }
  Dwarf_Half version = 0;
  std::uint8_t type = 0;
  if (dwarf_cu_info(die.cu, &version, &type, nullptr, nullptr, nullptr, nullptr, nullptr) != 0 ||
      (version < 5 && type == DW_UT_type)) {
    return nullptr;  // In .debug_types, where offsets mean something else.
  }
  return unit(dwarf_dieoffset(&die) - dwarf_cuoffset(&die));
}

DwarfUnit* DwarfFile::unit(std::size_t header_offset) {
  const auto known = units_.find(header_offset);
  if (known != units_.end()) {
    return known->second.get();
  }
  const auto header = read_unit_header(handle(), header_offset);
  auto made = header ? std::make_unique<DwarfUnit>(sections_, *header, ranges_) : nullptr;
  return units_.emplace(header_offset, std::move(made)).first->second.get();
}

}  // namespace xgops::symbolize
