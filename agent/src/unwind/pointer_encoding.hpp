// SPDX-License-Identifier: MIT
// Encoded pointers of .eh_frame and .eh_frame_hdr (LSB 5.0 section 10.5.1, DW_EH_PE_*).
#pragma once

#include "unwind/cursor.hpp"

#include <cstdint>

namespace xgops::unwind {

inline constexpr std::uint8_t kPointerOmitted = 0xff;

/// Reads a pointer in `encoding`. `data_base` is what data-relative pointers count from. Fails the
/// cursor for encodings that GCC and clang do not emit on x86-64 (text-relative, indirect).
inline std::uint64_t read_pointer(Cursor& cursor, std::uint8_t encoding,
                                  std::uint64_t data_base) noexcept {
  if (encoding == kPointerOmitted) {
    return 0;
  }
  const std::uint64_t here = cursor.address();
  std::uint64_t value = 0;
  switch (encoding & 0x0fU) {
    case 0x00:
    case 0x04:
    case 0x0c:
      value = cursor.fixed<std::uint64_t>();
      break;
    case 0x01:
      value = cursor.uleb128();
      break;
    case 0x02:
      value = cursor.fixed<std::uint16_t>();
      break;
    case 0x03:
      value = cursor.fixed<std::uint32_t>();
      break;
    case 0x09:
      value = static_cast<std::uint64_t>(cursor.sleb128());
      break;
    case 0x0a:
      value = static_cast<std::uint64_t>(std::int64_t{cursor.fixed<std::int16_t>()});
      break;
    case 0x0b:
      value = static_cast<std::uint64_t>(std::int64_t{cursor.fixed<std::int32_t>()});
      break;
    default:
      cursor.fail();
      return 0;
  }
  switch (encoding & 0x70U) {
    case 0x00:
      return value;
    case 0x10:
      return value + here;
    case 0x30:
      return value + data_base;
    default:
      cursor.fail();
      return 0;
  }
}

}  // namespace xgops::unwind
