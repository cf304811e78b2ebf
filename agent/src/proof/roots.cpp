// SPDX-License-Identifier: MIT
#include "proof/roots.hpp"

#include "proof/doubt.hpp"

#include <algorithm>
#include <array>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace xgops::proof {
namespace {

// Of an entry, see Documentation/admin-guide/mm/pagemap.rst.
constexpr std::uint64_t kPresent = std::uint64_t{1} << 63;
constexpr std::uint64_t kSwapped = std::uint64_t{1} << 62;
constexpr std::uint64_t kOfFile = std::uint64_t{1} << 61;

constexpr std::uint64_t kPage = 4096;

/// How many of `count` pages can be read, up to the first that cannot: a mapping may be longer than
/// its file, and to touch what lies behind its end would be a fault.
std::size_t readable_pages(std::uint64_t page, std::size_t count) noexcept {
  std::array<iovec, 512> pages;  // NOLINT(cppcoreguidelines-pro-type-member-init): used as filled.
  std::array<char, 512> bytes;   // NOLINT(cppcoreguidelines-pro-type-member-init)
  for (std::size_t i = 0; i < count; ++i) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): handed to the kernel only.
    pages[i] = {reinterpret_cast<void*>((page + i) * kPage), 1};
  }
  iovec local{bytes.data(), count};
  const long read =
      ::syscall(SYS_process_vm_readv, ::syscall(SYS_gettid), &local, 1L, pages.data(), count, 0L);
  return read < 0 ? 0 : static_cast<std::size_t>(read);
}

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
  if (mapping.shared && (mapping.swapped_bytes != 0 || mapping.huge_pages)) {
    doubts |= kSharedMemoryUnknown;
  }
  if (!mapping.readable && mapping.used_bytes != 0) {
    doubts |= kMemoryLocked;
  }
  if (mapping.executable && mapping.kind == MappingKind::kAnonymous) {
    doubts |= kGeneratedCode;
  }
  return doubts;
}

std::uint64_t resident_bytes(const Range& range) noexcept {
  // To ask of more would take longer than an estimate may.
  constexpr std::uint64_t kMostBytes = std::uint64_t{16} << 30;
  if (range.bytes() > kMostBytes) {
    return range.bytes();
  }
  std::array<unsigned char, 4096> resident{};
  std::uint64_t bytes = 0;
  for (std::uint64_t at = range.begin; at < range.end; at += resident.size() * kPage) {
    const std::uint64_t part = std::min<std::uint64_t>(range.end - at, resident.size() * kPage);
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of ours.
    if (::mincore(reinterpret_cast<void*>(at), part, resident.data()) != 0) {
      break;  // It is gone.
    }
    for (std::size_t i = 0; i < (part + kPage - 1) / kPage; ++i) {
      bytes += (resident[i] & 1U) != 0 ? kPage : 0;
    }
  }
  return bytes;
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
    if (is_memory && mapping.readable && !(mapping.shared && mapping.huge_pages)) {
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

bool PageMap::load_shared(std::uint64_t page, std::uint64_t end) noexcept {
  std::array<unsigned char, kEntries> resident{};
  const std::size_t count = std::min<std::size_t>(kEntries, end - page);
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of ours.
  if (::mincore(reinterpret_cast<void*>(page * kPageBytes), count * kPageBytes, resident.data()) !=
      0) {
    return false;
  }
  first_page_ = page;
  loaded_ = count;
  for (std::size_t i = 0; i < count;) {
    std::size_t run = i;
    while (run < count && (resident[run] & 1U) != 0) {
      ++run;
    }
    const std::size_t readable = run == i ? 0 : readable_pages(page + i, run - i);
    std::fill_n(&entries_[i], readable, kPresent);
    i += readable;
    if (i < count) {
      entries_[i++] = 0;
    }
  }
  return true;
}

bool PageMap::next_used(const RootArea& area, std::uint64_t at, Range& used) noexcept {
  used = {};
  while (at < area.range.end) {
    const std::uint64_t page = at / kPageBytes;
    if (page < first_page_ || page >= first_page_ + loaded_ || area.shared != loaded_shared_) {
      loaded_shared_ = area.shared;
      const bool loaded = area.shared
                              ? load_shared(page, (area.range.end + kPageBytes - 1) / kPageBytes)
                              : load(page);
      if (!loaded) {
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
