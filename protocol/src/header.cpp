// SPDX-License-Identifier: MIT
// The 16 header bytes, to and fro.
#include "xgops/protocol/header.hpp"

#include "little_endian.hpp"
#include "xgops/protocol/errc.hpp"

#include <algorithm>
#include <string>

namespace xgops::protocol {
namespace {

// Where each field starts. Frozen: peers of every version agree on these.
constexpr std::size_t kVersionOffset = 4;
constexpr std::size_t kFlagsOffset = 5;
constexpr std::size_t kTypeOffset = 6;
constexpr std::size_t kRequestIdOffset = 8;
constexpr std::size_t kPayloadBytesOffset = 12;
static_assert(kPayloadBytesOffset + sizeof(Header::payload_bytes) == kHeaderBytes);

constexpr std::uint8_t kDefinedFlags = kFinal;

Error header_error(Errc errc, std::string context) {
  return Error{make_error_code(errc), std::move(context)};
}

}  // namespace

HeaderBytes encode_header(const Header& header) noexcept {
  HeaderBytes bytes{};
  std::transform(kMagic.begin(), kMagic.end(), bytes.begin(),
                 [](std::uint8_t character) { return std::byte{character}; });
  store_little_endian(header.version, &bytes[kVersionOffset]);
  store_little_endian(header.flags, &bytes[kFlagsOffset]);
  store_little_endian(static_cast<std::uint16_t>(header.type), &bytes[kTypeOffset]);
  store_little_endian(header.request_id, &bytes[kRequestIdOffset]);
  store_little_endian(header.payload_bytes, &bytes[kPayloadBytesOffset]);
  return bytes;
}

Result<Header> decode_header(std::span<const std::byte, kHeaderBytes> bytes,
                             std::uint32_t max_payload_bytes) {
  const bool is_ours = std::equal(
      kMagic.begin(), kMagic.end(), bytes.begin(),
      [](std::uint8_t character, std::byte byte) { return std::byte{character} == byte; });
  if (!is_ours) {
    return header_error(Errc::kBadMagic, {});
  }
  Header header;
  header.version = load_little_endian<std::uint8_t>(&bytes[kVersionOffset]);
  header.flags = load_little_endian<std::uint8_t>(&bytes[kFlagsOffset]);
  header.type = static_cast<MessageType>(load_little_endian<std::uint16_t>(&bytes[kTypeOffset]));
  header.request_id = load_little_endian<std::uint32_t>(&bytes[kRequestIdOffset]);
  header.payload_bytes = load_little_endian<std::uint32_t>(&bytes[kPayloadBytesOffset]);
  if (header.version == 0) {
    return header_error(Errc::kUnsupportedVersion, "version 0");
  }
  if ((header.flags & ~kDefinedFlags) != 0) {
    return header_error(Errc::kBadHeader, "flags " + std::to_string(header.flags));
  }
  if (header.payload_bytes > max_payload_bytes) {
    return header_error(Errc::kPayloadTooLarge, std::to_string(header.payload_bytes) +
                                                    " bytes claimed, " +
                                                    std::to_string(max_payload_bytes) + " allowed");
  }
  return header;
}

}  // namespace xgops::protocol
