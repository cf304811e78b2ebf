// SPDX-License-Identifier: MIT
// Reads numbers from a byte range that is not trusted: past the end everything is zero and `ok()`
// is false.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace xgops::unwind {

class Cursor {
 public:
  /// `address` is where `bytes` begins in the target: pc-relative pointers need it.
  Cursor(std::span<const std::uint8_t> bytes, std::uint64_t address) noexcept
      : bytes_(bytes), address_(address) {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] bool at_end() const noexcept { return position_ >= bytes_.size(); }
  [[nodiscard]] std::size_t position() const noexcept { return position_; }
  [[nodiscard]] std::uint64_t address() const noexcept { return address_ + position_; }

  template <class T>
  T fixed() noexcept {
    T value{};
    if (bytes_.size() - position_ < sizeof(T)) {
      fail();
      return value;
    }
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }

  std::uint8_t byte() noexcept { return fixed<std::uint8_t>(); }

  std::uint64_t uleb128() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const std::uint8_t next = byte();
      if (shift < 64) {
        value |= static_cast<std::uint64_t>(next & 0x7fU) << shift;
      }
      if ((next & 0x80U) == 0) {
        return value;
      }
    }
  }

  std::int64_t sleb128() noexcept {
    std::uint64_t value = 0;
    unsigned shift = 0;
    std::uint8_t next = 0;
    do {
      next = byte();
      if (shift < 64) {
        value |= static_cast<std::uint64_t>(next & 0x7fU) << shift;
      }
      shift += 7;
    } while ((next & 0x80U) != 0);
    if (shift < 64 && (next & 0x40U) != 0) {
      value |= ~std::uint64_t{0} << shift;
    }
    return static_cast<std::int64_t>(value);
  }

  void skip(std::uint64_t count) noexcept {
    if (count > bytes_.size() - position_) {
      fail();
      return;
    }
    position_ += count;
  }

  /// Moves by a signed distance, as DW_OP_skip does.
  void jump(std::int64_t distance) noexcept {
    const auto target = static_cast<std::int64_t>(position_) + distance;
    if (target < 0 || target > static_cast<std::int64_t>(bytes_.size())) {
      fail();
      return;
    }
    position_ = static_cast<std::size_t>(target);
  }

  void fail() noexcept {
    ok_ = false;
    position_ = bytes_.size();
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::uint64_t address_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace xgops::unwind
