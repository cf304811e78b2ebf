// SPDX-License-Identifier: MIT
// Mapping a file, or memory of our own, for libelf.
#include "mapped_bytes.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/mman.h>
#include <sys/stat.h>

namespace xgops::symbolize {

Result<MappedBytes> MappedBytes::of_file(int fd, const std::string& name) {
  struct stat status = {};
  if (::fstat(fd, &status) != 0) {
    return system_error(errno, name);
  }
  if (!S_ISREG(status.st_mode) || status.st_size <= 0) {
    return system_error(ENOEXEC, name);
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
  if (data == MAP_FAILED) {
    return system_error(errno, name);
  }
  return MappedBytes(static_cast<std::uint8_t*>(data), size);
}

Result<MappedBytes> MappedBytes::copy_of(std::span<const std::uint8_t> bytes,
                                         const std::string& name) {
  if (bytes.empty()) {
    return system_error(ENOEXEC, name);
  }
  void* data =
      ::mmap(nullptr, bytes.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    return system_error(errno, name);
  }
  MappedBytes copy(static_cast<std::uint8_t*>(data), bytes.size());
  std::copy(bytes.begin(), bytes.end(), copy.data_);
  return copy;
}

MappedBytes::~MappedBytes() {
  if (data_ != nullptr) {
    ::munmap(data_, size_);
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
