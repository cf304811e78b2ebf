// SPDX-License-Identifier: MIT
// DUMP ZONE: see system.hpp for the rules.
// Which ELF files are mapped, and where their unwind tables lie.
#pragma once

#include "dump/line_writer.hpp"
#include "dump/safe_memory.hpp"
#include "signal_safe/capture_slot.hpp"
#include "unwind/module_table.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace xgops::dump {

class Modules {
 public:
  static constexpr std::size_t kMaxModules = 1024;
  static constexpr std::size_t kMaxRanges = 4096;

  /// Reads the maps of this process, writes a line for each module, and remembers what the unwinder
  /// needs. False: they cannot be read, and what was known before still holds.
  bool read(SafeMemory& memory, LineWriter& lines) noexcept;

  [[nodiscard]] unwind::ModuleTable table() const noexcept {
    return unwind::ModuleTable(std::span(modules_).first(module_count_));
  }
  /// Mappings that can be stacks, ascending.
  [[nodiscard]] std::span<const signal_safe::StackRange> stack_ranges() const noexcept {
    return std::span(ranges_).first(range_count_);
  }
  /// Modules left out because there were too many.
  [[nodiscard]] std::size_t left_out() const noexcept { return left_out_; }
  /// For a file without .eh_frame_hdr, a search table made beforehand.
  void set_index(std::uint64_t begin, std::span<const unwind::FdeIndexEntry> index) noexcept {
    index_begin_ = begin;
    index_ = index;
  }

 private:
  static constexpr std::size_t kMaxPathBytes = 1024;
  static constexpr std::size_t kMaxTextParts = 8;
  static constexpr std::size_t kBufferBytes = std::size_t{16} * 1024;

  struct Mapping {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t offset = 0;
    std::uint64_t inode = 0;
    std::string_view permissions;
    std::string_view device;
    std::string_view path;
  };
  /// Neighbouring mappings of one file, from the one that holds its first byte.
  struct Candidate {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t inode = 0;
    std::size_t path_bytes = 0;
    std::size_t device_bytes = 0;
    std::size_t parts = 0;
    bool open = false;
    std::array<std::uint64_t, kMaxTextParts> text_begin{};
    std::array<std::uint64_t, kMaxTextParts> text_end{};
    std::array<char, 32> device{};
    std::array<char, kMaxPathBytes> path{};
  };

  static bool parse(std::string_view line, Mapping& mapping) noexcept;
  void add(const Mapping& mapping, SafeMemory& memory, LineWriter& lines) noexcept;
  void finish(SafeMemory& memory, LineWriter& lines) noexcept;

  std::size_t module_count_ = 0;
  std::size_t range_count_ = 0;
  std::size_t left_out_ = 0;
  std::uint64_t index_begin_ = 0;
  std::span<const unwind::FdeIndexEntry> index_;
  Candidate candidate_;
  std::array<unwind::UnwindModule, kMaxModules> modules_;
  std::array<signal_safe::StackRange, kMaxRanges> ranges_;
  std::array<char, kBufferBytes> buffer_;  // NOLINT(*-member-init)
};

}  // namespace xgops::dump
