// SPDX-License-Identifier: MIT
// encode and decode for every message of the catalog.
#include "xgops/protocol/codec.hpp"

#include "bounded_archive.hpp"
#include "output_archive.hpp"
#include "xgops/protocol/catalog.hpp"
#include "xgops/protocol/errc.hpp"
#include "xgops/protocol/test_report.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <string>
#include <tuple>
#include <type_traits>

namespace xgops::protocol {
namespace {

Error malformed(const BoundedInputArchive& archive, std::size_t payload_bytes) {
  return Error{make_error_code(Errc::kMalformedPayload),
               "payload of " + std::to_string(payload_bytes) + " bytes " + archive.problem() +
                   " (byte " + std::to_string(archive.position()) + ")"};
}

}  // namespace

template <class Message>
Bytes encode(const Message& message) {
  Bytes bytes;
  OutputArchive archive(bytes);
  archive(message);
  return bytes;
}

template <class Message>
Result<Message> decode(std::span<const std::byte> payload) {
  try {
    BoundedInputArchive archive(payload);
    Message message;
    archive(message);
    if (archive.bytes_left() != 0) {
      archive.fail("goes on after the last field");
    }
    if (!archive.ok()) {
      return malformed(archive, payload.size());
    }
    return message;
  } catch (const std::bad_alloc&) {
    return Error{make_error_code(Errc::kOutOfMemory), {}};  // A text could throw again.
  }
}

Bytes with_header(Header header, std::span<const std::byte> payload) {
  header.payload_bytes = static_cast<std::uint32_t>(payload.size());
  const HeaderBytes encoded = encode_header(header);
  Bytes message(encoded.size() + payload.size());
  std::ranges::copy(payload, std::ranges::copy(encoded, message.begin()).out);
  return message;
}

namespace {

template <class... Exchanges>
constexpr bool types_are_distinct(std::type_identity<std::tuple<Exchanges...>> /*catalog*/) {
  constexpr std::array kTypes{ErrorReply::kType, TestReport::kType, Exchanges::kType...};
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    for (std::size_t j = i + 1; j < kTypes.size(); ++j) {
      if (kTypes[i] == kTypes[j]) {
        return false;
      }
    }
  }
  return true;
}
static_assert(types_are_distinct(std::type_identity<Catalog>{}),
              "two entries of the catalog have the same message type");

template <class... Exchanges>
constexpr auto codec_of(std::type_identity<std::tuple<Exchanges...>> /*catalog*/) {
  return std::tuple{&encode<ErrorReply>,
                    &decode<ErrorReply>,
                    &encode<TestReport>,
                    &decode<TestReport>,
                    &encode<typename Exchanges::Request>...,
                    &decode<typename Exchanges::Request>...,
                    &encode<typename Exchanges::Response>...,
                    &decode<typename Exchanges::Response>...};
}

/// Needs the address of every function, so that this file defines all of them and a new entry of
/// the catalog needs no edit here. A message that cannot be encoded does not compile.
[[maybe_unused, gnu::used]] constexpr auto kCodec = codec_of(std::type_identity<Catalog>{});

}  // namespace
}  // namespace xgops::protocol
