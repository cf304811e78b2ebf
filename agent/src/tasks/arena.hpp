// SPDX-License-Identifier: MIT
// Address ranges that grow and whose memory, once there, stays readable for ever.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace xgops::tasks {

/// A reserved range of addresses, made usable from its begin in steps. What lies below `end` may be
/// read at any time by any thread, whatever it is used for.
///
/// Thread safety: all of it, but for `grow`, whose callers take turns.
class Arena {
 public:
  constexpr explicit Arena(std::size_t reserved_bytes) noexcept : reserved_bytes_(reserved_bytes) {}

  /// `bytes` more, zeroed; a multiple of the page size. Null: the system refuses, or the range is
  /// used up.
  [[nodiscard]] std::byte* grow(std::size_t bytes) noexcept;

  [[nodiscard]] std::byte* begin() const noexcept { return begin_.load(std::memory_order_acquire); }
  [[nodiscard]] std::byte* end() const noexcept { return end_.load(std::memory_order_acquire); }

  /// Whether `bytes` bytes at `address` may be read.
  [[nodiscard]] bool contains(std::uint64_t address, std::size_t bytes) const noexcept {
    const auto begin = reinterpret_cast<std::uint64_t>(this->begin());
    const auto end = reinterpret_cast<std::uint64_t>(this->end());
    return address >= begin && address < end && end - address >= bytes;
  }

 private:
  // Usable memory is asked for in larger steps than it is handed out.
  static constexpr std::size_t kCommitBytes = std::size_t{1} << 20;

  [[nodiscard]] bool reserve() noexcept;

  const std::size_t reserved_bytes_;
  std::size_t available_bytes_ = 0;  ///< Of the range that the system granted.
  bool refused_ = false;
  std::byte* committed_ = nullptr;
  std::atomic<std::byte*> begin_{nullptr};
  std::atomic<std::byte*> end_{nullptr};
};

}  // namespace xgops::tasks
