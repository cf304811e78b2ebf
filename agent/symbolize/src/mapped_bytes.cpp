// SPDX-License-Identifier: MIT
// Mapping a file, or memory of our own, for libelf.
#include "mapped_bytes.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/mman.h>
#include <sys/stat.h>

namespace xgops::symbolize {

namespace {

/// What the mapping has behind the last byte, or a part of it.
constexpr std::size_t kPageBytes = 4096;

}  // namespace

Result<MappedBytes> MappedBytes::of_file(int fd, const std::string& name) {
  struct stat status = {};
  if (::fstat(fd, &status) != 0) {
    return system_error(errno, name);
  }
  if (!S_ISREG(status.st_mode) || status.st_size <= 0) {
    return system_error(ENOEXEC, name);
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  auto bytes = zeroed(size, name);
  // Over the zeros, of which a page stays behind the file's end.
  if (bytes && ::mmap(bytes->data_, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED, fd, 0) == MAP_FAILED) {
    return system_error(errno, name);
  }
  return bytes;
}

Result<MappedBytes> MappedBytes::copy_of(std::span<const std::uint8_t> bytes,
                                         const std::string& name) {
  if (bytes.empty()) {
    return system_error(ENOEXEC, name);
  }
  auto copy = zeroed(bytes.size(), name);
  if (copy) {
    std::copy(bytes.begin(), bytes.end(), copy->data_);
  }
  return copy;
}

Result<MappedBytes> MappedBytes::zeroed(std::size_t size, const std::string& name) {
  void* data = ::mmap(nullptr, size + kPageBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) {
    return system_error(errno, name);
  }
  return MappedBytes(static_cast<std::uint8_t*>(data), size);
}

MappedBytes::~MappedBytes() {
  if (data_ != nullptr) {
    ::munmap(data_, size_ + kPageBytes);
  }
}

MappedBytes::MappedBytes(MappedBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedBytes& MappedBytes::operator=(MappedBytes&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

}  // namespace xgops::symbolize
