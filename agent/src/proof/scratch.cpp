// SPDX-License-Identifier: MIT
#include "proof/scratch.hpp"

#include <sys/mman.h>

namespace xgops::proof {
namespace {

constexpr std::uint64_t kPageBytes = 4096;

constexpr std::uint64_t whole_pages(std::uint64_t bytes) {
  return (bytes + kPageBytes - 1) & ~(kPageBytes - 1);
}

void* pointer(std::uint64_t address) noexcept {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address that mmap gave us.
  return reinterpret_cast<void*>(address);
}

}  // namespace

Scratch::~Scratch() {
  for (const Range& range : ranges()) {
    ::munmap(pointer(range.begin), range.bytes());
  }
}

void* Scratch::take(std::size_t bytes) noexcept {
  void* const memory = count_ == kMost ? MAP_FAILED
                                       : ::mmap(nullptr, whole_pages(bytes), PROT_READ | PROT_WRITE,
                                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    failed_ = true;
    return nullptr;
  }
  const auto begin = reinterpret_cast<std::uint64_t>(memory);
  ranges_[count_++] = {begin, begin + whole_pages(bytes)};
  return memory;
}

void* Scratch::grow(void* memory, std::size_t bytes) noexcept {
  const auto begin = reinterpret_cast<std::uint64_t>(memory);
  for (std::size_t i = 0; i < count_; ++i) {
    if (ranges_[i].begin != begin) {
      continue;
    }
    void* const moved = ::mremap(memory, ranges_[i].bytes(), whole_pages(bytes), MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) {
      break;
    }
    const auto at = reinterpret_cast<std::uint64_t>(moved);
    ranges_[i] = {at, at + whole_pages(bytes)};
    return moved;
  }
  failed_ = true;
  return nullptr;
}

}  // namespace xgops::proof
