// SPDX-License-Identifier: MIT
#include "threads/module_map.hpp"

#include "support/unique_fd.hpp"
#include "threads/elf_image.hpp"
#include "unwind/call_frame_table.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace xgops::threads {
namespace {

// 65530 mappings is the kernel's default limit (vm.max_map_count); 100 bytes a line.
constexpr std::size_t kMaxMapsBytes = 64U << 20U;
constexpr std::string_view kDeleted = " (deleted)";

std::string_view next_field(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view field = line.substr(0, end);
  line.remove_prefix(end);
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  return field;
}

bool parse_hex(std::string_view text, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

bool parse_mapping(std::string_view line, Mapping& mapping) {
  const std::string_view range = next_field(line);
  const std::string_view permissions = next_field(line);
  const std::string_view offset = next_field(line);
  mapping.device = next_field(line);
  const std::string_view inode = next_field(line);
  mapping.path = line;
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos || permissions.size() < 4 ||
      !parse_hex(range.substr(0, dash), mapping.begin) ||
      !parse_hex(range.substr(dash + 1), mapping.end) || !parse_hex(offset, mapping.offset)) {
    return false;
  }
  mapping.readable = permissions[0] == 'r';
  mapping.writable = permissions[1] == 'w';
  mapping.executable = permissions[2] == 'x';
  mapping.inode = 0;
  const auto [end, error] =
      std::from_chars(inode.data(), inode.data() + inode.size(), mapping.inode);
  return error == std::errc{} && mapping.end > mapping.begin;
}

/// Neighbouring mappings of one file, from the one that holds its first byte.
struct ModuleMap::Candidate {
  Mapping first;
  std::uint64_t end = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> text;  ///< Executable parts.
};

void ModuleMap::add_module(const Candidate& candidate, const TaskFiles& files, pid_t own_tid,
                           SelfMemory& memory) {
  std::optional<ElfImage> image = read_elf_image(memory, candidate.first.begin);
  if (!image) {
    return;
  }
  has_go_ = has_go_ || image->go;
  Module module;
  module.id = static_cast<std::uint32_t>(modules_.size());
  module.begin = candidate.first.begin;
  module.end = candidate.end;
  module.bias = image->bias;
  module.build_id = std::move(image->build_id);
  std::string_view path = candidate.first.path;
  module.deleted = path.ends_with(kDeleted);
  if (module.deleted) {
    path.remove_suffix(kDeleted.size());
  }
  module.path = std::string(path);

  unwind::UnwindModule unwind_module;
  if (image->eh_frame_header == 0 ||
      !unwind::locate_search_table(memory, image->eh_frame_header, unwind_module)) {
    const support::UniqueFd executable(files.open(own_tid, "exe"));
    if (executable.get() >= 0 && module.path == files.read_link(own_tid, "exe")) {
      indexes_.push_back(std::make_unique<std::vector<unwind::FdeIndexEntry>>(
          index_from_sections(executable.get(), memory, image->bias)));
      unwind_module.index = *indexes_.back();
    }
  }
  for (const auto& [begin, end] : candidate.text) {
    unwind_module.text_begin = begin;
    unwind_module.text_end = end;
    unwind_modules_.push_back(unwind_module);
  }
  modules_.push_back(std::move(module));
}

std::uint64_t ModuleMap::stack_end(std::uint64_t stack_pointer) const noexcept {
  const auto range = std::partition_point(
      stack_ranges_.begin(), stack_ranges_.end(),
      [stack_pointer](const auto& candidate) { return candidate.end <= stack_pointer; });
  const bool inside =
      range != stack_ranges_.end() && (range->begin <= stack_pointer || range->main_stack);
  return inside ? range->end : 0;
}

Result<bool> ModuleMap::refresh(const TaskFiles& files, pid_t own_tid, SelfMemory& memory) {
  Result<std::string> maps = files.read_all(own_tid, "maps", kMaxMapsBytes);
  if (!maps) {
    return std::move(maps).error();
  }
  std::vector<Candidate> candidates;
  std::string signature;
  stack_ranges_.clear();
  std::string_view rest = *maps;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    Mapping mapping;
    if (!parse_mapping(line, mapping)) {
      continue;
    }
    if (mapping.readable && mapping.writable) {
      stack_ranges_.push_back({mapping.begin, mapping.end, mapping.path == "[stack]"});
    }
    const bool is_vdso = mapping.path == "[vdso]";
    if (mapping.inode == 0 && !is_vdso) {
      continue;
    }
    const bool continues = !candidates.empty() && mapping.offset != 0 &&
                           candidates.back().first.inode == mapping.inode &&
                           candidates.back().first.device == mapping.device;
    if (!continues) {
      if (mapping.offset != 0) {
        continue;
      }
      candidates.push_back({mapping, mapping.end, {}});
    }
    Candidate& candidate = candidates.back();
    candidate.end = mapping.end;
    if (mapping.executable) {
      candidate.text.emplace_back(mapping.begin, mapping.end);
      signature.append(line).push_back('\n');
    }
  }
  if (signature == signature_) {
    return false;
  }
  signature_ = std::move(signature);
  modules_.clear();
  unwind_modules_.clear();
  indexes_.clear();
  has_go_ = false;
  for (const Candidate& candidate : candidates) {
    if (!candidate.text.empty()) {
      add_module(candidate, files, own_tid, memory);
    }
  }
  std::sort(unwind_modules_.begin(), unwind_modules_.end(),
            [](const auto& a, const auto& b) { return a.text_end < b.text_end; });
  return true;
}

}  // namespace xgops::threads
