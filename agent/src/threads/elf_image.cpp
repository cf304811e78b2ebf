// SPDX-License-Identifier: MIT
#include "threads/elf_image.hpp"

#include "unwind/call_frame_table.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string_view>

#include <elf.h>
#include <unistd.h>

namespace xgops::threads {
namespace {

constexpr std::size_t kMaxProgramHeaders = 64;
constexpr std::size_t kMaxSections = 4096;
constexpr std::size_t kMaxNoteBytes = 4096;
constexpr std::size_t kMaxBuildIdBytes = 64;
constexpr std::size_t kMaxFunctions = 1'000'000;
constexpr std::size_t kBytesPerRecord = 24;  // The smallest frame description entry.

bool is_usable(const Elf64_Ehdr& header) {
  return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
         header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB;
}

constexpr std::uint32_t kGoBuildId = 4;  // The type of Go's note, cmd/link: ELF_NOTE_GOBUILDID_TAG.

void read_notes(unwind::Memory& memory, std::uint64_t address, std::uint64_t bytes,
                ElfImage& image) {
  std::vector<std::uint8_t> notes(std::min<std::uint64_t>(bytes, kMaxNoteBytes));
  if (notes.empty() || !memory.read(address, notes.data(), notes.size())) {
    return;
  }
  const auto padded = [](std::size_t size) { return (size + 3) & ~std::size_t{3}; };
  for (std::size_t at = 0; notes.size() - at >= sizeof(Elf64_Nhdr);) {
    Elf64_Nhdr note{};
    std::memcpy(&note, &notes[at], sizeof(note));
    at += sizeof(note);
    const std::size_t left = notes.size() - at;
    if (note.n_namesz > left || padded(note.n_namesz) > left ||
        note.n_descsz > left - padded(note.n_namesz)) {
      break;
    }
    const std::size_t description = at + padded(note.n_namesz);
    const auto is = [&](std::uint32_t type, const char* owner) {
      return note.n_type == type && note.n_namesz == 4 && std::memcmp(&notes[at], owner, 4) == 0;
    };
    if (is(NT_GNU_BUILD_ID, "GNU") && image.build_id.empty() && note.n_descsz <= kMaxBuildIdBytes) {
      const auto begin = notes.begin() + static_cast<std::ptrdiff_t>(description);
      image.build_id.assign(begin, begin + note.n_descsz);
    }
    image.go = image.go || is(kGoBuildId, "Go\0");
    at = std::min(description + padded(note.n_descsz), notes.size());
  }
}

bool read_at(int fd, void* out, std::size_t bytes, std::uint64_t offset) {
  return ::pread(fd, out, bytes, static_cast<off_t>(offset)) == static_cast<ssize_t>(bytes);
}

}  // namespace

std::optional<ElfImage> read_elf_image(unwind::Memory& memory, std::uint64_t base) {
  Elf64_Ehdr header{};
  if (!memory.read_value(base, header) || !is_usable(header) || header.e_phnum == 0 ||
      header.e_phnum > kMaxProgramHeaders || header.e_phentsize != sizeof(Elf64_Phdr)) {
    return std::nullopt;
  }
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  if (!memory.read(base + header.e_phoff, segments.data(), segments.size() * sizeof(Elf64_Phdr))) {
    return std::nullopt;
  }
  ElfImage image;
  const auto first_load =
      std::find_if(segments.begin(), segments.end(),
                   [](const Elf64_Phdr& segment) { return segment.p_type == PT_LOAD; });
  if (first_load == segments.end()) {
    return std::nullopt;
  }
  image.bias = base - (first_load->p_vaddr - first_load->p_offset);
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type == PT_GNU_EH_FRAME) {
      image.eh_frame_header = image.bias + segment.p_vaddr;
    } else if (segment.p_type == PT_NOTE) {
      read_notes(memory, image.bias + segment.p_vaddr, segment.p_memsz, image);
    }
  }
  return image;
}

std::vector<unwind::FdeIndexEntry> index_from_sections(int fd, unwind::Memory& memory,
                                                       std::uint64_t bias) {
  Elf64_Ehdr header{};
  if (!read_at(fd, &header, sizeof(header), 0) || !is_usable(header) || header.e_shnum == 0 ||
      header.e_shnum > kMaxSections || header.e_shentsize != sizeof(Elf64_Shdr) ||
      header.e_shstrndx >= header.e_shnum) {
    return {};
  }
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  if (!read_at(fd, sections.data(), sections.size() * sizeof(Elf64_Shdr), header.e_shoff)) {
    return {};
  }
  const Elf64_Shdr& names = sections[header.e_shstrndx];
  for (const Elf64_Shdr& section : sections) {
    std::array<char, 10> name{};
    if (section.sh_name >= names.sh_size || section.sh_addr == 0 ||
        !read_at(fd, name.data(), name.size(), names.sh_offset + section.sh_name) ||
        std::string_view(name.data(), name.size()) != std::string_view(".eh_frame\0", 10)) {
      continue;
    }
    std::vector<unwind::FdeIndexEntry> index(
        std::min<std::uint64_t>(section.sh_size / kBytesPerRecord + 1, kMaxFunctions));
    index.resize(unwind::index_eh_frame(memory, bias + section.sh_addr, section.sh_size, index));
    std::sort(index.begin(), index.end(),
              [](const auto& a, const auto& b) { return a.start < b.start; });
    index.shrink_to_fit();
    return index;
  }
  return {};
}

}  // namespace xgops::threads
