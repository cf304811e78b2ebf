// SPDX-License-Identifier: MIT
// Reads little-endian values out of untrusted bytes and never past their end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace xgops::symbolize {

/// After the first read past the end `ok()` is false and every read yields zero.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::uint8_t> bytes, std::size_t position = 0) noexcept
      : bytes_(bytes), position_(position), ok_(position <= bytes.size()) {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] std::size_t position() const noexcept { return position_; }
  [[nodiscard]] std::size_t left() const noexcept { return ok_ ? bytes_.size() - position_ : 0; }
  [[nodiscard]] bool at_end() const noexcept { return left() == 0; }

  std::uint8_t u8() noexcept { return fixed<std::uint8_t>(); }
  std::uint16_t u16() noexcept { return fixed<std::uint16_t>(); }
  std::uint32_t u32() noexcept { return fixed<std::uint32_t>(); }
  std::uint64_t u64() noexcept { return fixed<std::uint64_t>(); }

  /// An unsigned number of `size` bytes, at most 8.
  std::uint64_t unsigned_of(std::size_t size) noexcept {
    std::uint64_t value = 0;
    if (size > sizeof value || size > left()) {
      fail();
      return 0;
    }
    std::memcpy(&value, bytes_.data() + position_, size);
    position_ += size;
    return value;
  }

  std::uint64_t uleb() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0; left() > 0; shift += 7) {
      const std::uint8_t byte = bytes_[position_++];
      if (shift < 64) {
        value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      }
      if ((byte & 0x80U) == 0) {
        return value;
      }
    }
    fail();
    return 0;
  }

  std::int64_t sleb() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0; left() > 0; shift += 7) {
      const std::uint8_t byte = bytes_[position_++];
      if (shift < 64) {
        value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      }
      if ((byte & 0x80U) == 0) {
        if (shift + 7 < 64 && (byte & 0x40U) != 0) {
          value |= ~std::uint64_t{0} << (shift + 7);
        }
        return static_cast<std::int64_t>(value);
      }
    }
    fail();
    return 0;
  }

  /// The characters up to the next NUL, which is skipped too.
  std::string_view c_string() noexcept {
    const auto* begin = bytes_.data() + position_;
    const void* end = left() == 0 ? nullptr : std::memchr(begin, 0, left());
    if (end == nullptr) {
      fail();
      return {};
    }
    const auto size = static_cast<std::size_t>(static_cast<const std::uint8_t*>(end) - begin);
    position_ += size + 1;
    // The one place where bytes become characters.
    return {reinterpret_cast<const char*>(begin), size};
  }

  void skip(std::uint64_t size) noexcept {
    if (size > left()) {
      fail();
    } else {
      position_ += size;
    }
  }

  void fail() noexcept {
    ok_ = false;
    position_ = bytes_.size();
  }

 private:
  template <class Unsigned>
  Unsigned fixed() noexcept {
    Unsigned value = 0;
    if (left() < sizeof value) {
      fail();
      return 0;
    }
    std::memcpy(&value, bytes_.data() + position_, sizeof value);
    position_ += sizeof value;
    return value;
  }

  std::span<const std::uint8_t> bytes_;
  std::size_t position_;
  bool ok_;
};

}  // namespace xgops::symbolize
