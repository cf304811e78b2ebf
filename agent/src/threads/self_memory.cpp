// SPDX-License-Identifier: MIT
#include "threads/self_memory.hpp"

#include "support/own_memory.hpp"

#include <algorithm>
#include <cstring>

namespace xgops::threads {

SelfMemory::SelfMemory()
    : page_addresses_(kPages, kNoPage), pages_(kPages * kPageBytes), window_(kWindowBytes) {}

void SelfMemory::begin_capture() noexcept {
  std::fill(page_addresses_.begin(), page_addresses_.end(), kNoPage);
  close_stack();
}

void SelfMemory::open_stack(std::uint64_t stack_pointer) noexcept {
  window_begin_ = stack_pointer;
  window_loaded_ = 0;
  window_limit_ = kWindowBytes;
  copied_stack_end_ = 0;
  read_past_copy_ = false;
}

void SelfMemory::open_copied_stack(std::uint64_t stack_pointer, std::span<const std::byte> copy,
                                   std::uint64_t end) noexcept {
  open_stack(stack_pointer);
  window_loaded_ = std::min(copy.size(), kWindowBytes);
  window_limit_ = window_loaded_;
  copied_stack_end_ = end;
  std::copy_n(copy.begin(), window_loaded_, window_.begin());
}

void SelfMemory::close_stack() noexcept {
  window_begin_ = 0;
  copied_stack_end_ = 0;
  read_past_copy_ = false;
}

bool SelfMemory::read_stack(std::uint64_t address, void* out, std::size_t bytes,
                            bool& answered) noexcept {
  answered = false;
  if (window_begin_ == 0 || address < window_begin_ || address - window_begin_ >= kWindowBytes ||
      kWindowBytes - (address - window_begin_) < bytes) {
    return false;
  }
  const std::size_t offset = address - window_begin_;
  while (offset + bytes > window_loaded_ && window_loaded_ < window_limit_) {
    const std::size_t step = std::min(kWindowStep, window_limit_ - window_loaded_);
    const std::size_t copied = support::copy_own_memory(window_begin_ + window_loaded_,
                                                        window_.data() + window_loaded_, step);
    window_loaded_ += copied;
    if (copied < step) {
      window_limit_ = window_loaded_;
    }
  }
  if (offset + bytes > window_loaded_) {
    return false;
  }
  answered = true;
  std::memcpy(out, window_.data() + offset, bytes);
  return true;
}

bool SelfMemory::read_page(std::uint64_t page, std::size_t slot) noexcept {
  std::byte* const target = pages_.data() + slot * kPageBytes;
  page_addresses_[slot] = kNoPage;
  if (support::copy_own_memory(page, target, kPageBytes) != kPageBytes) {
    return false;
  }
  page_addresses_[slot] = page;
  return true;
}

bool SelfMemory::read(std::uint64_t address, void* out, std::size_t bytes) noexcept {
  if (address + bytes < address) {
    return false;
  }
  bool answered = false;
  if (read_stack(address, out, bytes, answered) || answered) {
    return answered;
  }
  if (address >= window_begin_ && address < copied_stack_end_) {
    // Outer frames of a running thread: plausible, as it is still inside their calls, but a moment
    // later.
    read_past_copy_ = true;
    return support::copy_own_memory(address, out, bytes) == bytes;
  }
  auto* target = static_cast<std::byte*>(out);
  while (bytes > 0) {
    const std::uint64_t page = address & ~std::uint64_t{kPageBytes - 1};
    const std::size_t slot = (page / kPageBytes * 0x9e3779b97f4a7c15ULL >> 40U) % kPages;
    if (page_addresses_[slot] != page && !read_page(page, slot)) {
      return false;
    }
    const std::size_t offset = address - page;
    const std::size_t part = std::min(bytes, kPageBytes - offset);
    std::memcpy(target, pages_.data() + slot * kPageBytes + offset, part);
    target += part;
    address += part;
    bytes -= part;
  }
  return true;
}

}  // namespace xgops::threads
