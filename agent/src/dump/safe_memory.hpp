// SPDX-License-Identifier: MIT
// DUMP ZONE: see system.hpp for the rules.
// Reads this process's memory through the kernel: what is not mapped is an answer, not a fault.
#pragma once

#include "unwind/memory.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace xgops::dump {

/// Through a cache of pages that the caller empties when what they hold may have changed.
class SafeMemory final : public unwind::Memory {
 public:
  bool read(std::uint64_t address, void* out, std::size_t bytes) noexcept override;

  /// From now on memory is read afresh.
  void forget() noexcept;
  /// The bytes from `address` on are those of `copy`, for a stack that moves on; until `forget`.
  void use_copy(std::uint64_t address, std::span<const std::byte> copy) noexcept;
  /// Whether a read went past the end of the copy, but not by more than a stack's length.
  [[nodiscard]] bool read_past_copy() const noexcept { return read_past_copy_; }

  /// Without the cache. Bytes copied: fewer where the rest cannot be read.
  std::size_t copy(std::uint64_t address, void* out, std::size_t bytes) noexcept;
  /// Copies a text that ends with a zero, or after `bytes` bytes. Its length.
  std::size_t copy_text(std::uint64_t address, char* out, std::size_t bytes) noexcept;
  /// Closes what the reading opened.
  void close() noexcept;

 private:
  static constexpr std::size_t kPageBytes = 4096;
  static constexpr std::size_t kPages = 64;
  static constexpr std::uint64_t kNearBytes = std::uint64_t{1} << 20U;

  bool read_page(std::uint64_t page, std::size_t slot) noexcept;

  int memory_fd_ = -1;  ///< /proc/self/mem, where the other way is refused.
  bool refused_ = false;
  bool read_past_copy_ = false;
  std::uint64_t copy_begin_ = 0;
  std::span<const std::byte> copy_;
  /// Address + 1, so that zeroed memory is an empty cache.
  std::array<std::uint64_t, kPages> page_tags_{};
  // As it comes: 256 KiB that need not be touched.
  alignas(64) std::array<std::byte, kPages * kPageBytes> pages_;  // NOLINT(*-member-init)
};

}  // namespace xgops::dump
