// SPDX-License-Identifier: MIT
// DUMP ZONE: see system.hpp for the rules.
#include "dump/modules.hpp"

#include "dump/system.hpp"
#include "dump/text_parts.hpp"
#include "unwind/call_frame_table.hpp"

#include <cstring>

#include <elf.h>

namespace xgops::dump {
namespace {

constexpr std::string_view kDeleted = " (deleted)";
constexpr std::size_t kMaxProgramHeaders = 64;
constexpr std::size_t kMaxNoteBytes = 1024;
constexpr std::size_t kMaxBuildIdBytes = 64;

struct Image {
  std::uint64_t bias = 0;
  std::uint64_t unwind_header = 0;  ///< 0: none.
  std::array<std::uint8_t, kMaxBuildIdBytes> build_id{};
  std::size_t build_id_bytes = 0;
};

void read_build_id(SafeMemory& memory, std::uint64_t address, std::uint64_t bytes,
                   Image& image) noexcept {
  std::array<std::uint8_t, kMaxNoteBytes> notes{};
  const std::size_t size = bytes < notes.size() ? bytes : notes.size();
  if (!memory.read(address, notes.data(), size)) {
    return;
  }
  const auto padded = [](std::size_t value) { return (value + 3) & ~std::size_t{3}; };
  for (std::size_t at = 0; size - at >= sizeof(Elf64_Nhdr);) {
    Elf64_Nhdr note{};
    std::memcpy(&note, &notes[at], sizeof note);
    at += sizeof note;
    const std::size_t left = size - at;
    if (note.n_namesz > left || padded(note.n_namesz) > left ||
        note.n_descsz > left - padded(note.n_namesz)) {
      return;
    }
    const std::size_t description = at + padded(note.n_namesz);
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
        std::memcmp(&notes[at], "GNU", 4) == 0 && note.n_descsz <= kMaxBuildIdBytes) {
      image.build_id_bytes = note.n_descsz;
      std::memcpy(image.build_id.data(), &notes[description], note.n_descsz);
      return;
    }
    at = description + padded(note.n_descsz);
    if (at > size) {
      return;
    }
  }
}

/// False: there is no 64-bit little-endian ELF file at `base`.
bool read_image(SafeMemory& memory, std::uint64_t base, Image& image) noexcept {
  Elf64_Ehdr header{};
  if (!memory.read_value(base, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_phnum > kMaxProgramHeaders || header.e_phentsize != sizeof(Elf64_Phdr)) {
    return false;
  }
  bool is_loaded = false;
  // Twice: what comes before the first segment is placed by it.
  for (const bool has_bias : {false, true}) {
    for (std::size_t i = 0; i < header.e_phnum; ++i) {
      Elf64_Phdr segment{};
      if (!memory.read_value(base + header.e_phoff + i * sizeof segment, segment)) {
        return false;
      }
      if (!has_bias && segment.p_type == PT_LOAD && !is_loaded) {
        is_loaded = true;
        image.bias = base - (segment.p_vaddr - segment.p_offset);
      } else if (has_bias && segment.p_type == PT_GNU_EH_FRAME) {
        image.unwind_header = image.bias + segment.p_vaddr;
      } else if (has_bias && segment.p_type == PT_NOTE && image.build_id_bytes == 0) {
        read_build_id(memory, image.bias + segment.p_vaddr, segment.p_memsz, image);
      }
    }
  }
  return is_loaded;
}

}  // namespace

bool Modules::parse(std::string_view line, Mapping& mapping) noexcept {
  const std::string_view range = next_word(line);
  mapping.permissions = next_word(line);
  const std::string_view offset = next_word(line);
  mapping.device = next_word(line);
  const std::string_view inode = next_word(line);
  while (!line.empty() && line.front() == ' ') {
    line.remove_prefix(1);
  }
  mapping.path = line;
  const std::size_t dash = find_part(range, "-");
  return dash != std::string_view::npos && mapping.permissions.size() >= 4 &&
         parse_number({range.data(), dash}, 16, mapping.begin) &&
         parse_number({range.data() + dash + 1, range.size() - dash - 1}, 16, mapping.end) &&
         parse_number(offset, 16, mapping.offset) && parse_number(inode, 10, mapping.inode) &&
         mapping.end > mapping.begin;
}

void Modules::finish(SafeMemory& memory, LineWriter& lines) noexcept {
  const bool is_code = candidate_.open && candidate_.parts > 0;
  candidate_.open = false;
  Image image;
  if (!is_code || !read_image(memory, candidate_.begin, image)) {
    return;
  }
  if (module_count_ + candidate_.parts > kMaxModules) {
    ++left_out_;
    return;
  }
  unwind::UnwindModule module;
  if ((image.unwind_header == 0 ||
       !unwind::locate_search_table(memory, image.unwind_header, module)) &&
      candidate_.begin == index_begin_) {
    module.index = index_;
  }
  for (std::size_t i = 0; i < candidate_.parts; ++i) {
    module.text_begin = candidate_.text_begin[i];
    module.text_end = candidate_.text_end[i];
    modules_[module_count_++] = module;
  }
  std::string_view path(candidate_.path.data(), candidate_.path_bytes);
  const bool deleted =
      path.size() > kDeleted.size() &&
      std::string_view(path.data() + path.size() - kDeleted.size(), kDeleted.size()) == kDeleted;
  if (deleted) {
    path.remove_suffix(kDeleted.size());
  }
  lines.begin("module")
      .hex("begin", candidate_.begin)
      .hex("end", candidate_.end)
      .hex("bias", image.bias)
      .bytes("build_id", image.build_id.data(), image.build_id_bytes)
      .number("deleted", deleted ? 1 : 0)
      .text("path", path, kMaxPathBytes)
      .end();
}

void Modules::add(const Mapping& mapping, SafeMemory& memory, LineWriter& lines) noexcept {
  if (mapping.permissions[0] == 'r' && mapping.permissions[1] == 'w' && range_count_ < kMaxRanges) {
    ranges_[range_count_++] = {mapping.begin, mapping.end, mapping.path == "[stack]"};
  }
  if (mapping.inode == 0 && mapping.path != "[vdso]") {
    return;
  }
  const bool continues =
      candidate_.open && mapping.offset != 0 && mapping.inode == candidate_.inode &&
      mapping.device == std::string_view(candidate_.device.data(), candidate_.device_bytes);
  if (!continues) {
    finish(memory, lines);
    if (mapping.offset != 0) {
      return;
    }
    const auto keep = [](std::string_view text, auto& bytes) {
      const std::size_t length = text.size() < bytes.size() ? text.size() : bytes.size();
      std::memcpy(bytes.data(), text.data(), length);
      return length;
    };
    candidate_.open = true;
    candidate_.parts = 0;
    candidate_.begin = mapping.begin;
    candidate_.inode = mapping.inode;
    candidate_.device_bytes = keep(mapping.device, candidate_.device);
    candidate_.path_bytes = keep(mapping.path, candidate_.path);
  }
  candidate_.end = mapping.end;
  if (mapping.permissions[2] == 'x' && candidate_.parts < kMaxTextParts) {
    candidate_.text_begin[candidate_.parts] = mapping.begin;
    candidate_.text_end[candidate_.parts++] = mapping.end;
  }
}

bool Modules::read(SafeMemory& memory, LineWriter& lines) noexcept {
  // Of this thread: a main thread that has ended shows no mappings.
  const File maps(open_at(AT_FDCWD, "/proc/thread-self/maps", O_RDONLY));
  std::size_t filled = maps ? maps.read(buffer_.data(), buffer_.size()) : 0;
  if (filled == 0) {
    return false;
  }
  module_count_ = 0;
  range_count_ = 0;
  left_out_ = 0;
  candidate_.open = false;
  while (filled > 0) {
    std::size_t begin = 0;
    for (std::size_t at = 0; at < filled; ++at) {
      Mapping mapping;
      if (buffer_[at] == '\n') {
        if (parse({buffer_.data() + begin, at - begin}, mapping)) {
          add(mapping, memory, lines);
        }
        begin = at + 1;
      }
    }
    if (begin == 0 && filled == buffer_.size()) {
      begin = filled;  // No line is that long (PATH_MAX); skip it.
    }
    std::memmove(buffer_.data(), buffer_.data() + begin, filled - begin);
    const std::size_t kept = filled - begin;
    const std::size_t got = maps.read(buffer_.data() + kept, buffer_.size() - kept);
    filled = got == 0 ? 0 : kept + got;
  }
  finish(memory, lines);
  return true;
}

}  // namespace xgops::dump
