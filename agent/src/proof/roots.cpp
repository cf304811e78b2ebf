// SPDX-License-Identifier: MIT
#include "proof/roots.hpp"

#include "proof/doubt.hpp"

#include <algorithm>

#include <unistd.h>

namespace xgops::proof {
namespace {

// Of an entry, see Documentation/admin-guide/mm/pagemap.rst.
constexpr std::uint64_t kPresent = std::uint64_t{1} << 63;
constexpr std::uint64_t kSwapped = std::uint64_t{1} << 62;
constexpr std::uint64_t kOfFile = std::uint64_t{1} << 61;

}  // namespace

std::uint32_t doubts_of(const Mapping& mapping) noexcept {
  if (mapping.kind == MappingKind::kSystem) {
    return kNoDoubt;
  }
  if (mapping.kind == MappingKind::kDevice) {
    return kDeviceMemory;
  }
  std::uint32_t doubts = kNoDoubt;
  if (mapping.kind == MappingKind::kAsynchronousIo) {
    doubts |= kAsynchronousIoUsed;
  }
  if (mapping.wiped_by_fork || mapping.left_out_by_fork) {
    doubts |= kMemoryLeftOut;
  }
  if (!mapping.readable && mapping.used_bytes != 0) {
    doubts |= kMemoryLocked;
  }
  if (mapping.executable && mapping.kind == MappingKind::kAnonymous) {
    doubts |= kGeneratedCode;
  }
  return doubts;
}

void Roots::exclude(const Range& range) noexcept {
  if (range.begin < range.end) {
    excluded_.push(range);
  }
}

void Roots::add(const Mapping& mapping) noexcept {
  const bool is_file = mapping.kind == MappingKind::kFile;
  RootArea area{.range = {}, .private_file = is_file && !mapping.shared, .shared = mapping.shared};
  std::uint64_t at = mapping.range.begin;
  const Range* hidden = std::upper_bound(
      excluded_.begin(), excluded_.end(), at,
      [](std::uint64_t address, const Range& range) { return address < range.end; });
  for (; hidden != excluded_.end() && hidden->begin < mapping.range.end; ++hidden) {
    if (hidden->begin > at) {
      area.range = {at, hidden->begin};
      areas_.push(area);
    }
    at = std::max(at, hidden->end);
  }
  if (at < mapping.range.end) {
    area.range = {at, mapping.range.end};
    areas_.push(area);
  }
}

bool Roots::collect(const MemoryMap& map, const BlockMap& blocks, std::uint32_t& doubts) noexcept {
  for (std::size_t i = 0; i < blocks.region_count(); ++i) {
    exclude(blocks.region(i));
  }
  for (const Range& range : scratch_.ranges()) {
    exclude(range);
  }
  std::sort(excluded_.begin(), excluded_.end(),
            [](const Range& a, const Range& b) { return a.begin < b.begin; });
  // They may overlap; `add` needs their ends in order, too.
  std::size_t kept = 0;
  for (const Range& range : excluded_) {
    if (kept != 0 && range.begin <= excluded_[kept - 1].end) {
      excluded_[kept - 1].end = std::max(excluded_[kept - 1].end, range.end);
    } else {
      excluded_[kept++] = range;
    }
  }
  if (!excluded_.resize(kept)) {
    return false;
  }
  for (const Mapping& mapping : map.mappings()) {
    doubts |= doubts_of(mapping);
    const bool is_memory =
        mapping.kind == MappingKind::kAnonymous || mapping.kind == MappingKind::kFile ||
        mapping.kind == MappingKind::kHeap || mapping.kind == MappingKind::kStack;
    // What is shared and cannot be written here may be written through another mapping.
    if (is_memory && mapping.readable) {
      add(mapping);
    }
  }
  return !scratch_.failed();
}

bool PageMap::load(std::uint64_t page) noexcept {
  const ssize_t bytes =
      ::pread(fd_, entries_, sizeof entries_, static_cast<off_t>(page * sizeof entries_[0]));
  first_page_ = page;
  loaded_ = bytes <= 0 ? 0 : static_cast<std::size_t>(bytes) / sizeof entries_[0];
  return loaded_ != 0;
}

bool PageMap::next_used(const RootArea& area, std::uint64_t at, Range& used) noexcept {
  used = {};
  while (at < area.range.end) {
    const std::uint64_t page = at / kPageBytes;
    if (page < first_page_ || page >= first_page_ + loaded_) {
      if (!load(page)) {
        return false;
      }
    }
    const std::uint64_t entry = entries_[page - first_page_];
    const bool holds =
        (entry & (kPresent | kSwapped)) != 0 && !(area.private_file && (entry & kOfFile) != 0);
    const std::uint64_t next = std::min((page + 1) * kPageBytes, area.range.end);
    if (holds) {
      used.begin = used.end == 0 ? at : used.begin;
    } else if (used.end != 0) {
      return true;
    }
    at = next;
    used.end = holds ? at : used.end;
  }
  if (used.end == 0) {
    used = {area.range.end, area.range.end};
  }
  return true;
}

}  // namespace xgops::proof
