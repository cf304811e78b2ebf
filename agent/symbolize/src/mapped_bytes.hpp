// SPDX-License-Identifier: MIT
// A file's contents, or bytes from elsewhere, as private writable memory.
#pragma once

#include "xgops/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace xgops::symbolize {

/// Memory of its own mapping. A zero follows the last byte: a string that is not terminated, which
/// elfutils does not always notice, ends there. Writes change neither the file nor anybody else's
/// view of it.
class MappedBytes {
 public:
  /// Maps a regular file; pages are read when touched. A file that somebody truncates while it is
  /// mapped raises SIGBUS on access, as for every user of mmap.
  static Result<MappedBytes> of_file(int fd, const std::string& name);
  static Result<MappedBytes> copy_of(std::span<const std::uint8_t> bytes, const std::string& name);

  MappedBytes() = default;
  ~MappedBytes();
  MappedBytes(MappedBytes&& other) noexcept;
  MappedBytes& operator=(MappedBytes&& other) noexcept;
  MappedBytes(const MappedBytes&) = delete;
  MappedBytes& operator=(const MappedBytes&) = delete;

  [[nodiscard]] std::span<std::uint8_t> bytes() const noexcept { return {data_, size_}; }

 private:
  static Result<MappedBytes> zeroed(std::size_t size, const std::string& name);
  MappedBytes(std::uint8_t* data, std::size_t size) noexcept : data_(data), size_(size) {}

  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace xgops::symbolize
