// SPDX-License-Identifier: MIT
#include "proof/memory_map.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <unistd.h>

namespace xgops::proof {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{64} << 10;

std::uint64_t take_number(std::string_view& text, unsigned base) noexcept {
  std::uint64_t value = 0;
  while (!text.empty()) {
    const char c = text.front();
    unsigned digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<unsigned>(c - '0');
    } else if (base == 16 && c >= 'a' && c <= 'f') {
      digit = static_cast<unsigned>(c - 'a') + 10;
    } else {
      break;
    }
    value = value * base + digit;
    text.remove_prefix(1);
  }
  return value;
}

void skip_blanks(std::string_view& text) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

void skip_word(std::string_view& text) noexcept {
  text.remove_prefix(std::min(text.find(' '), text.size()));
  skip_blanks(text);
}

MappingKind kind_of(std::string_view path) noexcept {
  if (path.empty() || path.starts_with("[anon")) {
    return MappingKind::kAnonymous;
  }
  if (path == "[heap]") {
    return MappingKind::kHeap;
  }
  if (path.starts_with("[stack")) {
    return MappingKind::kStack;
  }
  if (path.starts_with("[v") || path == "[uprobes]") {
    return MappingKind::kSystem;
  }
  if (path.starts_with("/[aio]") || path.find("[io_uring]") != std::string_view::npos) {
    return MappingKind::kAsynchronousIo;
  }
  const bool is_memory = path.starts_with("/dev/shm/") || path.starts_with("/dev/zero");
  if ((path.starts_with("/dev/") && !is_memory) || path.starts_with("anon_inode:")) {
    return MappingKind::kDevice;
  }
  return MappingKind::kFile;
}

bool has_flag(std::string_view flags, std::string_view flag) noexcept {
  while (!flags.empty()) {
    const std::size_t end = std::min(flags.find(' '), flags.size());
    if (flags.substr(0, end) == flag) {
      return true;
    }
    flags.remove_prefix(std::min(end + 1, flags.size()));
  }
  return false;
}

Mapping parse_head(std::string_view line) noexcept {
  Mapping mapping;
  mapping.range.begin = take_number(line, 16);
  line.remove_prefix(std::min<std::size_t>(1, line.size()));
  mapping.range.end = take_number(line, 16);
  skip_blanks(line);
  const std::string_view rights = line.substr(0, 4);
  mapping.readable = rights.find('r') != std::string_view::npos;
  mapping.writable = rights.find('w') != std::string_view::npos;
  mapping.executable = rights.find('x') != std::string_view::npos;
  mapping.shared = rights.find('s') != std::string_view::npos;
  for (int i = 0; i < 4; ++i) {  // Rights, offset, device, inode.
    skip_word(line);
  }
  mapping.kind = kind_of(line);
  mapping.c_library = line.ends_with("/libc.so.6");
  return mapping;
}

}  // namespace

void MemoryMap::add_line(std::string_view line) noexcept {
  const bool is_head = !line.empty() && (line.front() < 'A' || line.front() > 'Z');
  if (is_head) {
    mappings_.push(parse_head(line));
    return;
  }
  if (mappings_.empty()) {
    return;
  }
  Mapping& mapping = mappings_[mappings_.size() - 1];
  const auto value_after = [&line](std::string_view key) {
    std::string_view value = line.substr(key.size());
    skip_blanks(value);
    return value;
  };
  const auto add_bytes = [&](std::string_view key, std::uint64_t& bytes) {
    if (line.starts_with(key)) {
      std::string_view value = value_after(key);
      bytes += take_number(value, 10) * 1024;
    }
  };
  add_bytes("Rss:", mapping.used_bytes);
  add_bytes("Swap:", mapping.used_bytes);
  add_bytes("Anonymous:", mapping.changed_bytes);
  add_bytes("Swap:", mapping.changed_bytes);
  add_bytes("Swap:", mapping.swapped_bytes);
  // Neither Rss nor Anonymous has these.
  for (const std::string_view key :
       {std::string_view("Private_Hugetlb:"), std::string_view("Shared_Hugetlb:")}) {
    add_bytes(key, mapping.used_bytes);
    add_bytes(key, mapping.changed_bytes);
  }
  add_bytes("Private_Hugetlb:", mapping.private_bytes);
  add_bytes("Private_Clean:", mapping.private_bytes);
  add_bytes("Private_Dirty:", mapping.private_bytes);
  if (line.starts_with("VmFlags:")) {
    const std::string_view flags = value_after("VmFlags:");
    mapping.wiped_by_fork = has_flag(flags, "wf");
    mapping.left_out_by_fork = has_flag(flags, "dc");
    mapping.huge_pages = has_flag(flags, "ht");
  }
}

bool MemoryMap::read(int fd) noexcept {
  auto* const buffer = static_cast<char*>(scratch_.take(kBufferBytes));
  if (buffer == nullptr) {
    return false;
  }
  std::size_t kept = 0;  // Of a line that is not complete.
  for (;;) {
    const ssize_t bytes = ::read(fd, buffer + kept, kBufferBytes - kept);
    if (bytes < 0 && errno == EINTR) {
      continue;
    }
    if (bytes <= 0) {
      return bytes == 0 && !mappings_.empty() && !scratch_.failed();
    }
    std::string_view text(buffer, kept + static_cast<std::size_t>(bytes));
    for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos;) {
      add_line(text.substr(0, end));
      text.remove_prefix(end + 1);
    }
    kept = text.size();
    if (kept == kBufferBytes) {
      return false;  // No line is that long.
    }
    std::memmove(buffer, text.data(), kept);
  }
}

const Mapping* MemoryMap::find(std::uint64_t address) const noexcept {
  const Mapping* const after = std::upper_bound(
      mappings_.begin(), mappings_.end(), address,
      [](std::uint64_t value, const Mapping& mapping) { return value < mapping.range.begin; });
  if (after == mappings_.begin() || !(after - 1)->range.contains(address)) {
    return nullptr;
  }
  return after - 1;
}

bool MemoryMap::covers(const Range& range) const noexcept {
  std::uint64_t at = range.begin;
  while (at < range.end) {
    const Mapping* const mapping = find(at);
    if (mapping == nullptr || !mapping->readable || !mapping->writable) {
      return false;
    }
    at = mapping->range.end;
  }
  return true;
}

}  // namespace xgops::proof
