// SPDX-License-Identifier: MIT
// What the unwinder reads of this process's own memory, never faulting.
#pragma once

#include "support/own_memory.hpp"
#include "unwind/memory.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <sys/types.h>

namespace xgops::threads {

/// Reads that are never cached: for locks, which change hands at any time.
class FreshMemory final : public unwind::Memory {
 public:
  bool read(std::uint64_t address, void* out, std::size_t bytes) noexcept override {
    return support::copy_own_memory(address, out, bytes) == bytes;
  }
};

/// What the unwinder reads: code and unwind tables through a cache of pages that lasts one capture,
/// and one thread's stack through a window that is read afresh for each attempt.
class SelfMemory final : public unwind::Memory {
 public:
  SelfMemory();

  bool read(std::uint64_t address, void* out, std::size_t bytes) noexcept override;

  /// Forgets all pages: another thread may have changed what they held.
  void begin_capture() noexcept;

  /// From now on addresses from `stack_pointer` upwards belong to a sleeping thread's stack.
  void open_stack(std::uint64_t stack_pointer) noexcept;
  /// The same for a running thread, of whose stack a copy exists. What lies behind the copy is read
  /// from the live stack; `read_past_copy` then says that it was.
  void open_copied_stack(std::uint64_t stack_pointer, std::span<const std::byte> copy,
                         std::uint64_t end) noexcept;
  void close_stack() noexcept;
  [[nodiscard]] bool read_past_copy() const noexcept { return read_past_copy_; }

 private:
  static constexpr std::size_t kPageBytes = 4096;
  static constexpr std::size_t kPages = 128;  // 512 KiB, touched only as far as needed.
  static constexpr std::size_t kWindowBytes = std::size_t{64} * 1024;
  static constexpr std::size_t kWindowStep = std::size_t{8} * 1024;

  [[nodiscard]] bool read_stack(std::uint64_t address, void* out, std::size_t bytes,
                                bool& answered) noexcept;
  [[nodiscard]] bool read_page(std::uint64_t page, std::size_t slot) noexcept;

  static constexpr std::uint64_t kNoPage = 1;  // No page begins there.

  std::vector<std::uint64_t> page_addresses_;
  std::vector<std::byte> pages_;
  std::vector<std::byte> window_;
  std::uint64_t window_begin_ = 0;  ///< 0: no stack is open.
  std::size_t window_loaded_ = 0;
  std::size_t window_limit_ = 0;        ///< Where reading on failed or must stop.
  std::uint64_t copied_stack_end_ = 0;  ///< 0: the window is not a copy.
  bool read_past_copy_ = false;
};

}  // namespace xgops::threads
