// SPDX-License-Identifier: MIT
// DUMP ZONE: see system.hpp for the rules.
#include "dump/safe_memory.hpp"

#include "dump/system.hpp"

#include <cstring>

#include <errno.h>
#include <sys/uio.h>

namespace xgops::dump {

std::size_t SafeMemory::copy(std::uint64_t address, void* out, std::size_t bytes) noexcept {
  if (!refused_) {
    iovec local{out, bytes};
    // NOLINTNEXTLINE(performance-no-int-to-ptr): handed to the kernel only.
    iovec remote{reinterpret_cast<void*>(address), bytes};
    // The thread's own id: a main thread that has ended has no memory.
    const long got = call(SYS_process_vm_readv, own_tid(), &local, 1, &remote, 1, 0);
    if (got >= 0 || got == -EFAULT) {
      return got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    refused_ = true;  // By a seccomp filter.
  }
  if (memory_fd_ < 0) {
    memory_fd_ = static_cast<int>(open_at(AT_FDCWD, "/proc/thread-self/mem", O_RDONLY));
  }
  const long got = call(SYS_pread64, memory_fd_, out, bytes, address);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

void SafeMemory::close() noexcept {
  if (memory_fd_ >= 0) {
    call(SYS_close, memory_fd_);
    memory_fd_ = -1;
  }
}

std::size_t SafeMemory::copy_text(std::uint64_t address, char* out, std::size_t bytes) noexcept {
  std::size_t length = 0;
  while (address != 0 && length < bytes) {
    // To the end of the page: what lies behind it may not be mapped.
    const std::size_t page_rest = kPageBytes - (address + length) % kPageBytes;
    std::size_t piece = bytes - length < page_rest ? bytes - length : page_rest;
    piece = piece < 128 ? piece : 128;
    const std::size_t got = copy(address + length, out + length, piece);
    for (std::size_t i = 0; i < got; ++i) {
      if (out[length + i] == '\0') {
        return length + i;
      }
    }
    length += got;
    if (got < piece) {
      break;
    }
  }
  return length;
}

void SafeMemory::forget() noexcept {
  page_tags_.fill(0);
  copy_ = {};
  copy_begin_ = 0;
  read_past_copy_ = false;
}

void SafeMemory::use_copy(std::uint64_t address, std::span<const std::byte> copy) noexcept {
  copy_begin_ = address;
  copy_ = copy;
}

bool SafeMemory::read_page(std::uint64_t page, std::size_t slot) noexcept {
  page_tags_[slot] = 0;
  if (copy(page, pages_.data() + slot * kPageBytes, kPageBytes) != kPageBytes) {
    return false;
  }
  page_tags_[slot] = page + 1;
  return true;
}

bool SafeMemory::read(std::uint64_t address, void* out, std::size_t bytes) noexcept {
  if (address + bytes < address) {
    return false;
  }
  if (!copy_.empty() && address >= copy_begin_) {
    const std::uint64_t offset = address - copy_begin_;
    if (offset < copy_.size() && copy_.size() - offset >= bytes) {
      std::memcpy(out, copy_.data() + offset, bytes);
      return true;
    }
    read_past_copy_ = read_past_copy_ || offset < kNearBytes;
  }
  auto* target = static_cast<std::byte*>(out);
  while (bytes > 0) {
    const std::uint64_t page = address & ~std::uint64_t{kPageBytes - 1};
    // Two thirds of all addresses differ only in the low bits: spread them (Fibonacci hashing).
    const std::size_t slot = (page / kPageBytes * 0x9e3779b97f4a7c15ULL >> 40U) % kPages;
    if (page_tags_[slot] != page + 1 && !read_page(page, slot)) {
      return false;
    }
    const std::size_t offset = address - page;
    const std::size_t part = bytes < kPageBytes - offset ? bytes : kPageBytes - offset;
    std::memcpy(target, pages_.data() + slot * kPageBytes + offset, part);
    target += part;
    address += part;
    bytes -= part;
  }
  return true;
}

}  // namespace xgops::dump
