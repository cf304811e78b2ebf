// SPDX-License-Identifier: MIT
#include "unwind/cursor.hpp"

#include "unwind/pointer_encoding.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace xgops::unwind {
namespace {

TEST(CursorTest, ReadsTheExamplesOfTheDwarfStandard) {
  constexpr std::array<std::uint8_t, 8> kUnsigned{0x02, 0x7f, 0x80, 0x01, 0x81, 0x01, 0xb9, 0x64};
  Cursor unsigned_numbers(kUnsigned, 0);
  EXPECT_EQ(unsigned_numbers.uleb128(), 2U);
  EXPECT_EQ(unsigned_numbers.uleb128(), 127U);
  EXPECT_EQ(unsigned_numbers.uleb128(), 128U);
  EXPECT_EQ(unsigned_numbers.uleb128(), 129U);
  EXPECT_EQ(unsigned_numbers.uleb128(), 12857U);
  EXPECT_TRUE(unsigned_numbers.at_end());

  constexpr std::array<std::uint8_t, 8> kSigned{0x02, 0x7e, 0xff, 0x00, 0x81, 0x7f, 0x80, 0x7f};
  Cursor signed_numbers(kSigned, 0);
  EXPECT_EQ(signed_numbers.sleb128(), 2);
  EXPECT_EQ(signed_numbers.sleb128(), -2);
  EXPECT_EQ(signed_numbers.sleb128(), 127);
  EXPECT_EQ(signed_numbers.sleb128(), -127);
  EXPECT_EQ(signed_numbers.sleb128(), -128);
}

TEST(CursorTest, FailsInsteadOfReadingPastTheEnd) {
  constexpr std::array<std::uint8_t, 3> kBytes{1, 2, 3};
  Cursor cursor(kBytes, 0);

  EXPECT_EQ(cursor.fixed<std::uint32_t>(), 0U);

  EXPECT_FALSE(cursor.ok());
  EXPECT_EQ(cursor.byte(), 0);
}

TEST(CursorTest, EndsAnUnterminatedNumber) {
  const std::array<std::uint8_t, 4> bytes{0xff, 0xff, 0xff, 0xff};
  Cursor cursor(bytes, 0);

  cursor.uleb128();

  EXPECT_FALSE(cursor.ok());
}

TEST(CursorTest, RefusesToJumpOutOfItsRange) {
  const std::array<std::uint8_t, 4> bytes{};
  Cursor forward(bytes, 0);
  forward.jump(5);
  EXPECT_FALSE(forward.ok());
  Cursor backward(bytes, 0);
  backward.jump(-1);
  EXPECT_FALSE(backward.ok());
  Cursor skipping(bytes, 0);
  skipping.skip(std::numeric_limits<std::uint64_t>::max());
  EXPECT_FALSE(skipping.ok());
}

TEST(PointerEncodingTest, AddsTheBaseThatTheEncodingNames) {
  const std::array<std::uint8_t, 4> minus_two{0xfe, 0xff, 0xff, 0xff};
  Cursor relative_to_itself(minus_two, 0x1000);
  EXPECT_EQ(read_pointer(relative_to_itself, 0x1b, 0), 0xffeU);
  Cursor relative_to_data(minus_two, 0x1000);
  EXPECT_EQ(read_pointer(relative_to_data, 0x3b, 0x2000), 0x1ffeU);
  Cursor unsupported(minus_two, 0x1000);
  read_pointer(unsupported, 0x2b, 0);
  EXPECT_FALSE(unsupported.ok());
}

}  // namespace
}  // namespace xgops::unwind
