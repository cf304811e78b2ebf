// SPDX-License-Identifier: MIT
// Tests of the header: layout, limits, what is refused.
#include "xgops/protocol/header.hpp"

#include "xgops/protocol/errc.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <limits>

namespace xgops::protocol {
namespace {

HeaderBytes header_bytes_of(std::initializer_list<unsigned> values) {
  HeaderBytes bytes{};
  std::transform(values.begin(), values.end(), bytes.begin(),
                 [](unsigned value) { return static_cast<std::byte>(value); });
  return bytes;
}

HeaderBytes valid_header() {
  return encode_header(Header{});
}

TEST(HeaderTest, HasTheDocumentedLayout) {
  const Header header{.version = 0x12,
                      .flags = kFinal,
                      .type = static_cast<MessageType>(0x3456),
                      .request_id = 0x789a'bcde,
                      .payload_bytes = 0x0001'0203};
  const HeaderBytes expected = header_bytes_of({'X', 'G', 'O', 'P', 0x12, 0x01, 0x56, 0x34,  //
                                                0xde, 0xbc, 0x9a, 0x78, 0x03, 0x02, 0x01, 0x00});

  EXPECT_EQ(encode_header(header), expected);
}

TEST(HeaderTest, SurvivesARoundTrip) {
  const Header header{.version = 0xff,
                      .flags = kNoFlags,
                      .type = static_cast<MessageType>(0xffff),
                      .request_id = 0xffff'ffff,
                      .payload_bytes = 0xffff'ffff};

  const auto decoded =
      decode_header(encode_header(header), std::numeric_limits<std::uint32_t>::max());

  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(*decoded, header);
}

TEST(HeaderTest, IsRefusedWhenAnyByteOfTheMagicDiffers) {
  for (std::size_t i = 0; i < kMagic.size(); ++i) {
    HeaderBytes bytes = valid_header();
    bytes[i] ^= std::byte{0x20};

    const auto decoded = decode_header(bytes, kMaxRequestBytes);

    ASSERT_FALSE(decoded) << "byte " << i;
    EXPECT_EQ(decoded.error().code, Errc::kBadMagic);
  }
}

TEST(HeaderTest, IsRefusedWithVersionZero) {
  HeaderBytes bytes = valid_header();
  bytes[4] = std::byte{0};

  const auto decoded = decode_header(bytes, kMaxRequestBytes);

  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Errc::kUnsupportedVersion);
}

TEST(HeaderTest, IsRefusedWithAnyUndefinedFlag) {
  for (unsigned bit = 1; bit < 8; ++bit) {
    HeaderBytes bytes = valid_header();
    bytes[5] |= static_cast<std::byte>(1U << bit);

    const auto decoded = decode_header(bytes, kMaxRequestBytes);

    ASSERT_FALSE(decoded) << "bit " << bit;
    EXPECT_EQ(decoded.error().code, Errc::kBadHeader);
  }
}

TEST(HeaderTest, MayHaveATypeThatNobodyKnowsYet) {
  HeaderBytes bytes = valid_header();
  bytes[7] = std::byte{0x7f};

  EXPECT_TRUE(decode_header(bytes, kMaxRequestBytes));
}

TEST(HeaderTest, IsRefusedWhenItClaimsMoreThanTheLimit) {
  Header header;
  header.payload_bytes = kMaxRequestBytes;
  EXPECT_TRUE(decode_header(encode_header(header), kMaxRequestBytes));
  header.payload_bytes = kMaxRequestBytes + 1;

  const auto decoded = decode_header(encode_header(header), kMaxRequestBytes);

  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Errc::kPayloadTooLarge);
  EXPECT_EQ(decoded.error().context, "4097 bytes claimed, 4096 allowed");
}

}  // namespace
}  // namespace xgops::protocol
