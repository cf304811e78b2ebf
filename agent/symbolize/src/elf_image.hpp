// SPDX-License-Identifier: MIT
// An ELF file in memory: its sections, its build-id and what it says about its debug files.
#pragma once

#include "build_id.hpp"
#include "mapped_bytes.hpp"
#include "xgops/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gelf.h>

namespace xgops::symbolize {

/// `.gnu_debuglink`: the name of the file with the debug information, and its CRC-32.
struct DebugLink {
  std::string name;
  std::uint32_t crc = 0;
};

/// `.gnu_debugaltlink`: the file with the debug information that several files share (dwz).
struct AlternateLink {
  std::string path;
  BuildId build_id;
};

/// A 64-bit little-endian ELF file. Nothing in it is trusted.
class ElfImage {
 public:
  static Result<std::unique_ptr<ElfImage>> open(int fd, std::string name);
  static Result<std::unique_ptr<ElfImage>> from_bytes(std::span<const std::uint8_t> bytes,
                                                      std::string name);
  ~ElfImage();
  ElfImage(const ElfImage&) = delete;
  ElfImage& operator=(const ElfImage&) = delete;
  ElfImage(ElfImage&&) = delete;
  ElfImage& operator=(ElfImage&&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const BuildId& build_id() const noexcept { return build_id_; }
  /// For libdw. Valid as long as this object.
  [[nodiscard]] Elf* elf() const noexcept { return elf_; }
  /// The file as it is on disk.
  [[nodiscard]] std::span<const std::uint8_t> raw() const noexcept { return memory_.bytes(); }

  /// Whether the section is there and has contents in this file.
  [[nodiscard]] bool has(std::string_view section) const;
  /// The section's contents, decompressed; empty when there are none. Valid as long as this object.
  [[nodiscard]] std::span<const std::uint8_t> contents(std::string_view section) const;
  [[nodiscard]] bool has_debug_info() const;

  struct SymbolTable {
    std::span<const Elf64_Sym> symbols;
    std::string_view strings;  ///< All of its names, each with a NUL behind it.

    /// The name at this offset; empty: out of range.
    [[nodiscard]] std::string_view name(std::size_t offset) const;
  };
  /// Tables of this type, SHT_SYMTAB or SHT_DYNSYM.
  [[nodiscard]] std::vector<SymbolTable> symbol_tables(std::uint32_t type) const;
  /// Address after the section with this index; 0 when there is none or it has no code.
  [[nodiscard]] std::uint64_t code_end(std::size_t section_index) const;

  [[nodiscard]] std::optional<DebugLink> debug_link() const;
  [[nodiscard]] std::optional<AlternateLink> alternate_link() const;

  /// Leaves libdw only the debug sections that names and lines need, because it decompresses all
  /// that it sees when it opens a file. Also hides the link to the shared file, which libdw would
  /// open without comparing build-ids. What could not be used is said in `problems`.
  void hide_unneeded_debug_sections(std::vector<std::string>& problems);

 private:
  struct Section {
    std::string_view name;
    Elf_Scn* handle = nullptr;
    GElf_Shdr header{};
  };

  ElfImage(MappedBytes memory, Elf* elf, std::string name);
  static Result<std::unique_ptr<ElfImage>> wrap(MappedBytes memory, std::string name);
  void read_sections();
  void hide(Section& section);
  [[nodiscard]] const Section* find(std::string_view name) const;

  MappedBytes memory_;
  Elf* elf_;
  std::string name_;
  std::vector<Section> sections_;  ///< By index, the null section included.
  BuildId build_id_;
};

}  // namespace xgops::symbolize
