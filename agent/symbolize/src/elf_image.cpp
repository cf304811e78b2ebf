// SPDX-License-Identifier: MIT
// Reading ELF files through libelf, with the checks that it leaves out.
#include "elf_image.hpp"

#include "byte_reader.hpp"

#include <elfutils/libdwelf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

namespace xgops::symbolize {

namespace {

constexpr std::size_t kMaxBuildIdBytes = 64;
constexpr std::size_t kMaxSections = 1U << 20U;
/// Longer names are cut off: a million symbols may share one that is as long as the file.
constexpr std::size_t kMaxSymbolNameBytes = 64U << 10U;
/// What a section may decompress to: real debug information shrinks to a third or a fifth, a bomb
/// to a thousandth.
constexpr std::uint64_t kMaxDecompressedBytes = std::uint64_t{4} << 30U;
constexpr std::uint64_t kMaxDecompressionRatio = 256;

/// The sections that libdw gets to see, without their ".debug_" or ".zdebug_".
constexpr std::array<std::string_view, 10> kNeededDebugSections = {
    "info", "types", "abbrev",      "line",   "line_str",
    "str",  "addr",  "str_offsets", "ranges", "rnglists"};

std::optional<std::string_view> debug_section_suffix(std::string_view name) {
  for (const std::string_view prefix : {".debug_", ".zdebug_"}) {
    if (name.substr(0, prefix.size()) == prefix) {
      return name.substr(prefix.size());
    }
  }
  return std::nullopt;
}

/// The size that a compressed section claims to have unpacked, or nothing when it is not compressed
/// in a way we know.
std::optional<std::uint64_t> claimed_size(Elf_Scn* section, const GElf_Shdr& header,
                                          std::string_view name) {
  if ((header.sh_flags & SHF_COMPRESSED) != 0) {
    GElf_Chdr compression{};
    if (gelf_getchdr(section, &compression) == nullptr || compression.ch_type != ELFCOMPRESS_ZLIB) {
      return std::nullopt;
    }
    return compression.ch_size;
  }
  if (name.substr(0, 2) == ".z") {
    const Elf_Data* data = elf_rawdata(section, nullptr);
    constexpr std::size_t kHeaderBytes = 12;  // "ZLIB" and the size, big-endian.
    if (data == nullptr || data->d_buf == nullptr || data->d_size < kHeaderBytes) {
      return std::nullopt;
    }
    std::array<std::uint8_t, kHeaderBytes> bytes{};
    std::memcpy(bytes.data(), data->d_buf, bytes.size());
    if (std::memcmp(bytes.data(), "ZLIB", 4) != 0) {
      return header.sh_size;  // Unpacked before; libelf keeps the name.
    }
    std::uint64_t size = 0;
    for (std::size_t i = 4; i < kHeaderBytes; ++i) {
      size = size << 8U | bytes[i];
    }
    return size;
  }
  return header.sh_size;
}

bool may_decompress(Elf_Scn* section, const GElf_Shdr& header, std::string_view name) {
  const auto size = claimed_size(section, header, name);
  return size && (*size == header.sh_size || (*size <= kMaxDecompressedBytes &&
                                              *size / kMaxDecompressionRatio <= header.sh_size));
}

}  // namespace

Result<std::unique_ptr<ElfImage>> ElfImage::open(int fd, std::string name) {
  auto memory = MappedBytes::of_file(fd, name);
  if (!memory) {
    return std::move(memory).error();
  }
  return wrap(*std::move(memory), std::move(name));
}

Result<std::unique_ptr<ElfImage>> ElfImage::from_bytes(std::span<const std::uint8_t> bytes,
                                                       std::string name) {
  auto memory = MappedBytes::copy_of(bytes, name);
  if (!memory) {
    return std::move(memory).error();
  }
  return wrap(*std::move(memory), std::move(name));
}

Result<std::unique_ptr<ElfImage>> ElfImage::wrap(MappedBytes memory, std::string name) {
  const auto bytes = memory.bytes();
  if (bytes.size() < sizeof(Elf64_Ehdr) || std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0) {
    return system_error(ENOEXEC, std::move(name), "not an ELF file");
  }
  if (bytes[EI_CLASS] != ELFCLASS64 || bytes[EI_DATA] != ELFDATA2LSB) {
    return system_error(ENOEXEC, std::move(name), "not a 64-bit little-endian ELF file");
  }
  elf_version(EV_CURRENT);
  // libelf wants characters.
  Elf* elf = elf_memory(reinterpret_cast<char*>(bytes.data()), bytes.size());
  if (elf == nullptr || elf_kind(elf) != ELF_K_ELF) {
    elf_end(elf);
    return system_error(ENOEXEC, std::move(name), "a damaged ELF file");
  }
  return std::unique_ptr<ElfImage>(new ElfImage(std::move(memory), elf, std::move(name)));
}

ElfImage::ElfImage(MappedBytes memory, Elf* elf, std::string name)
    : memory_(std::move(memory)), elf_(elf), name_(std::move(name)) {
  read_sections();
  const void* id = nullptr;
  const auto size = dwelf_elf_gnu_build_id(elf_, &id);
  if (size > 0 && static_cast<std::size_t>(size) <= kMaxBuildIdBytes) {
    build_id_.resize(static_cast<std::size_t>(size));
    std::memcpy(build_id_.data(), id, build_id_.size());
  }
}

ElfImage::~ElfImage() {
  elf_end(elf_);
}

void ElfImage::read_sections() {
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf_, &names) != 0) {
    return;
  }
  sections_.emplace_back();
  Elf_Scn* handle = nullptr;
  while ((handle = elf_nextscn(elf_, handle)) != nullptr && sections_.size() < kMaxSections) {
    Section section;
    section.handle = handle;
    if (gelf_getshdr(handle, &section.header) != nullptr) {
      const char* name = elf_strptr(elf_, names, section.header.sh_name);
      section.name = name == nullptr ? std::string_view{} : std::string_view{name};
    }
    sections_.push_back(section);
  }
}

const ElfImage::Section* ElfImage::find(std::string_view name) const {
  const auto found = std::find_if(sections_.begin(), sections_.end(), [&](const Section& section) {
    return section.handle != nullptr && section.name == name &&
           section.header.sh_type != SHT_NOBITS && section.header.sh_size > 0;
  });
  return found == sections_.end() ? nullptr : &*found;
}

bool ElfImage::has(std::string_view section) const {
  return find(section) != nullptr;
}

bool ElfImage::has_debug_info() const {
  return has(".debug_info") || has(".zdebug_info");
}

std::span<const std::uint8_t> ElfImage::contents(std::string_view section) const {
  const Section* found = find(section);
  if (found == nullptr && section.substr(0, 7) == ".debug_") {
    found = find(".z" + std::string(section.substr(1)));
  }
  GElf_Shdr header{};
  // Asked anew: decompression changes the header.
  if (found == nullptr || gelf_getshdr(found->handle, &header) == nullptr ||
      !may_decompress(found->handle, header, found->name)) {
    return {};
  }
  if ((header.sh_flags & SHF_COMPRESSED) != 0) {
    if (elf_compress(found->handle, 0, 0) < 0) {
      return {};
    }
  } else if (found->name.substr(0, 2) == ".z") {
    elf_compress_gnu(found->handle, 0, 0);  // Fails when it was unpacked before.
  }
  const Elf_Data* data = elf_rawdata(found->handle, nullptr);
  if (data == nullptr || data->d_buf == nullptr) {
    return {};
  }
  return {static_cast<const std::uint8_t*>(data->d_buf), data->d_size};
}

std::vector<ElfImage::SymbolTable> ElfImage::symbol_tables(std::uint32_t type) const {
  std::vector<SymbolTable> tables;
  for (const Section& section : sections_) {
    if (section.handle == nullptr || section.header.sh_type != type) {
      continue;
    }
    const Elf_Data* data = elf_getdata(section.handle, nullptr);
    const Elf_Data* names = elf_getdata(elf_getscn(elf_, section.header.sh_link), nullptr);
    if (data != nullptr && data->d_buf != nullptr && data->d_type == ELF_T_SYM &&
        names != nullptr && names->d_buf != nullptr) {
      tables.push_back(
          {{static_cast<const Elf64_Sym*>(data->d_buf), data->d_size / sizeof(Elf64_Sym)},
           {static_cast<const char*>(names->d_buf), names->d_size}});
    }
  }
  return tables;
}

std::string_view ElfImage::SymbolTable::name(std::size_t offset) const {
  if (offset >= strings.size()) {
    return {};
  }
  const auto rest = strings.substr(offset, kMaxSymbolNameBytes);
  return rest.substr(0, rest.find('\0'));
}

std::uint64_t ElfImage::code_end(std::size_t section_index) const {
  if (section_index >= sections_.size()) {
    return 0;
  }
  const GElf_Shdr& header = sections_[section_index].header;
  if ((header.sh_flags & SHF_EXECINSTR) == 0 ||
      header.sh_size > std::numeric_limits<std::uint64_t>::max() - header.sh_addr) {
    return 0;
  }
  return header.sh_addr + header.sh_size;
}

std::optional<DebugLink> ElfImage::debug_link() const {
  const auto bytes = contents(".gnu_debuglink");
  ByteReader reader(bytes);
  const auto name = reader.c_string();
  constexpr std::size_t kAlignment = 4;
  reader.skip((kAlignment - reader.position() % kAlignment) % kAlignment);
  const auto crc = reader.u32();
  // A name, not a path: it is looked for in fixed places.
  if (!reader.ok() || name.empty() || name.find('/') != std::string_view::npos) {
    return std::nullopt;
  }
  return DebugLink{std::string(name), crc};
}

std::optional<AlternateLink> ElfImage::alternate_link() const {
  const auto bytes = contents(".gnu_debugaltlink");
  ByteReader reader(bytes);
  const auto path = reader.c_string();
  if (!reader.ok() || path.empty() || reader.left() == 0 || reader.left() > kMaxBuildIdBytes) {
    return std::nullopt;
  }
  const auto id = bytes.subspan(reader.position());
  return AlternateLink{std::string(path), BuildId(id.begin(), id.end())};
}

void ElfImage::hide(Section& section) {
  section.header.sh_type = SHT_NOBITS;
  gelf_update_shdr(section.handle, &section.header);
}

void ElfImage::hide_unneeded_debug_sections(std::vector<std::string>& problems) {
  for (Section& section : sections_) {
    if (section.handle == nullptr || section.header.sh_type == SHT_NOBITS) {
      continue;
    }
    const auto suffix = debug_section_suffix(section.name);
    if (section.name == ".gnu_debugaltlink") {
      hide(section);
    } else if (suffix) {
      const bool needed = std::find(kNeededDebugSections.begin(), kNeededDebugSections.end(),
                                    *suffix) != kNeededDebugSections.end();
      if (!needed) {
        if (*suffix != "aranges") {
          hide(section);
        }
      } else if (!may_decompress(section.handle, section.header, section.name)) {
        problems.push_back("section " + std::string(section.name) +
                           " is damaged or compressed in an unknown way");
        hide(section);
      }
    }
  }
}

}  // namespace xgops::symbolize
